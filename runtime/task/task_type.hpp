// Task types: what a plugin registers once and every task of it points to. Records are type-stable:
// a retired one is used again for a later registration, never freed, so a lister may follow the
// pointer of a slot that is being reused.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"
#include "runtime/observe/counters.hpp"
#include "runtime/observe/type_times.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/poll.hpp"
#include "runtime/task/slot_layout.hpp"

namespace ekiden::runtime {

using TypeId = std::uint32_t;

inline constexpr std::size_t kTypeNameBytesMax = 63;
inline constexpr std::size_t kTypesPerOwnerMax = 1024;
inline constexpr std::size_t kTypesMax = 65536;
inline constexpr std::size_t kStateBytesMax = 1u << 20;
inline constexpr std::size_t kStateAlignMax = 64;

struct TaskTypeSpec {
  std::string name;  // 1 to kTypeNameBytesMax bytes
  PollFn poll = nullptr;
  DropFn drop = nullptr;  // may be null
  std::size_t state_size = 0;
  std::size_t room_size = 0;     // behind the state, never filled
  std::size_t state_align = 16;  // a power of two, at most kStateAlignMax
  CancelMode cancel = CancelMode::kOnePoll;
};

struct TaskType {
  explicit TaskType(unsigned shards)
      : counters(std::make_unique<TypeCounters[]>(shards)),
        times(std::make_unique<Atomic<TypeTimes*>[]>(shards)) {}
  TaskType(const TaskType&) = delete;
  TaskType& operator=(const TaskType&) = delete;

  // One for each number that a worker may have, and the last for other threads. Never replaced or
  // cleared: a worker may charge the rest of its time to a type that has just been retired, and a
  // refused spawn may still be on its way from one count to the other.
  const std::unique_ptr<TypeCounters[]> counters;
  CounterTotals before;  // what earlier types of this record did; guarded by the table's lock

  // As many, null until the worker first runs the type. Like the counters never replaced or
  // cleared; the table frees them at its end.
  const std::unique_ptr<Atomic<TypeTimes*>[]> times;
  std::unique_ptr<TypeTimesSnapshot> times_before;  // as `before`

  // The calling worker's own; made on first use. Null where there is no memory for it.
  TypeTimes* times_of(unsigned shard) noexcept {
    // relaxed: written by this thread alone.
    TypeTimes* found = times[shard].load(std::memory_order_relaxed);
    return found != nullptr ? found : make_times(shard);
  }
  TypeTimes* make_times(unsigned shard) noexcept;

  // Immutable between registration and retirement.
  PollFn poll = nullptr;
  DropFn drop = nullptr;
  std::size_t state_size = 0;
  std::size_t state_align = 16;
  SlotLayout layout;  // of a task with such a state and the room behind it
  CancelMode cancel = CancelMode::kOnePoll;
  TypeId id = 0;
  std::uint32_t life = 0;  // another one for each registration of this record

  // Read by listers while the record may be reused.
  Atomic<OwnerId> owner{kRuntimeOwner};
  Atomic<bool> registered{false};

  // Polls that held a worker too long; written by the monitor.
  Counter stalls{0};
  Counter longest_stall_ns{0};
};

// Any thread may call any function; registration is rare and takes a lock.
class TypeTable {
 public:
  // `shards`: numbers that workers may have, + 1.
  explicit TypeTable(unsigned shards);
  ~TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

  // kInvalid, kTooBig, kLimit.
  Status add(OwnerId owner, const TaskTypeSpec& spec, TypeId& out);
  // Forgets all types of an owner that has no task left.
  void retire(OwnerId owner);

  // Null for an id that was never given out. No lock.
  TaskType* find(TypeId id) const noexcept {
    if (id == 0 || id >= kTypesMax) return nullptr;
    return types_[id].load(std::memory_order_acquire);
  }

  std::string name(const TaskType& type) const;
  // The ids of registered types, of one owner or all.
  std::vector<TypeId> ids(std::optional<OwnerId> owner) const;
  CounterTotals totals(const TaskType& type) const;
  TypeTimesSnapshot times(const TaskType& type) const;
  // Of everything that ran on one worker, types that are gone included: it never falls.
  TypeTimesSnapshot shard_times(unsigned shard) const;
  // Tasks of one owner's types, or of all, that are spawned and not freed. Never 0 while one of
  // them lives, also when tasks of one type spawn tasks of another and end.
  std::uint64_t live(std::optional<OwnerId> owner) const;

 private:
  TaskType* take_record() EKIDEN_REQUIRES(mutex_);
  void add_times(const TaskType& type, unsigned shard, TypeTimesSnapshot& to) const;
  TypeTimesSnapshot all_times(const TaskType& type) const;
  template <class Visit>
  void for_each_registered(std::optional<OwnerId> owner, Visit visit) const EKIDEN_REQUIRES(mutex_);

  const unsigned shards_;
  std::unique_ptr<Atomic<TaskType*>[]> types_;

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<TaskType>> records_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<std::string> names_ EKIDEN_GUARDED_BY(mutex_);  // by id
  std::vector<TypeId> free_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::runtime
