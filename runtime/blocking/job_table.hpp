// The jobs of a pool by handle: type-stable slots with generations, and how many each owner has.
// Not synchronised: the pool calls it under its lock.
//
//              submit            a thread is free                    close, cancel_all
//   (free) ──────────────> queued ───────────────> running ──> done ──────────────────> (free)
//                            │                        │        failed
//                            │ close, cancel_all,     │ close, cancel_all: detached,
//                            │ shutdown               │ then free as soon as it ends
//                            v                        v
//                        withdrawn ──> cancelled    (free)
//
// A withdrawn job is out of the queue and its drop is being called, outside the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/slot_arena.hpp"
#include "runtime/blocking/job.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

enum class JobState : std::uint8_t {
  kFree,
  kQueued,
  kRunning,
  kWithdrawn,
  kDone,
  kFailed,
  kCancelled,
};

// Zero bytes are a free slot.
struct JobSlot {
  bool has_ended() const { return state >= JobState::kDone; }

  Job job;
  JobSlot* next;  // in the queue, or in a list of withdrawn ones
  JobSlot* previous;
  std::uint32_t index;
  std::uint32_t generation;
  OwnerId owner;
  TypeId maker;  // who submitted it; for lists only
  std::int32_t result;
  Waker waker;           // the last poll's
  std::string* failure;  // owned; null where there is no text
  JobState state;
  bool detached;  // its handle is closed: freed as soon as it has ended
};

// First in, first out; a slot leaves from anywhere.
class JobQueue {
 public:
  std::size_t size() const { return size_; }
  JobSlot* front() const { return first_; }
  void push_back(JobSlot& slot);
  void remove(JobSlot& slot);

 private:
  JobSlot* first_ = nullptr;
  JobSlot* last_ = nullptr;
  std::size_t size_ = 0;
};

class JobTable {
 public:
  JobTable();
  ~JobTable();
  JobTable(const JobTable&) = delete;
  JobTable& operator=(const JobTable&) = delete;

  // A slot in state kQueued that belongs to `owner` and was made by the calling thread, or null
  // when there is no memory.
  JobSlot* take(OwnerId owner, const Job& job);
  // The handle was good until now.
  void free(JobSlot& slot);
  // kOk, kInvalid, kStale, kForeign.
  Status find(OwnerId owner, Handle job, JobSlot*& out) const;
  static Handle handle_of(const JobSlot& slot) {
    return Handle(HandleKind::kJob, slot.index, slot.generation);
  }

  // Slots that are not free.
  std::size_t count(OwnerId owner) const { return counts_[owner]; }
  // Walks the owner's slots: the next one at or behind `cursor`, which starts at 0. Null at the
  // end.
  JobSlot* next_of(OwnerId owner, std::uint32_t& cursor) const;

 private:
  static constexpr std::size_t kSlotBytes = 2 * kCacheLineBytes;
  static constexpr std::uint32_t kMaxJobs = 1u << 22;
  static_assert(sizeof(JobSlot) <= kSlotBytes);

  JobSlot& at(std::uint32_t index) const { return *static_cast<JobSlot*>(arena_.at(index)); }

  const std::unique_ptr<std::uint32_t[]> counts_;  // by owner
  SlotArena arena_{kSlotBytes, kMaxJobs};
  SlotArena::Cache cache_;
};

}  // namespace ekiden::runtime
