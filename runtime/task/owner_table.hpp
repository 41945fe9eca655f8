// What the runtime knows about owners: a name for reports, an admission switch, a task limit.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

struct OwnerRecord {
  Atomic<bool> open{false};
  Atomic<bool> admits{false};
  Atomic<std::uint64_t> task_limit{0};     // 0: none
  Atomic<std::uint64_t> limited_tasks{0};  // live tasks, counted only where there is a limit
  Atomic<std::uint64_t> refusals{0};
  Atomic<bool> forced{false};  // cancelled tasks get one poll, whatever their type says
};

class OwnerTable {
 public:
  OwnerTable();

  // kLimit; kDraining after stop_all().
  Status open(std::string name, std::uint64_t task_limit, OwnerId& out);
  void close(OwnerId owner);
  // Stops every owner's admission, and opens none any more.
  void stop_all();
  std::string name(OwnerId owner) const;
  std::vector<OwnerId> open_ones() const;

  // Null for a number that was never an owner's.
  OwnerRecord* find(OwnerId owner) noexcept {
    return owner < kMaxOwners ? &records_[owner] : nullptr;
  }
  const OwnerRecord* find(OwnerId owner) const noexcept {
    return owner < kMaxOwners ? &records_[owner] : nullptr;
  }

  bool admits(OwnerId owner) const noexcept {
    // seq_cst: an outside spawner counts its task first and looks here second; the unloader closes
    // the switch first and reads the counts second. One of them sees the other.
    return owner < kMaxOwners && records_[owner].admits.load(std::memory_order_seq_cst);
  }
  void stop_admission(OwnerId owner) {
    if (owner < kMaxOwners) records_[owner].admits.store(false, std::memory_order_seq_cst);
  }

  // Counts one more live task; false when that would pass the limit.
  bool take_task(OwnerId owner) noexcept {
    OwnerRecord& record = records_[owner];
    const std::uint64_t limit = record.task_limit.load(std::memory_order_relaxed);
    if (limit == 0) return true;
    // relaxed: the number guards nothing but itself.
    if (record.limited_tasks.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    record.limited_tasks.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void give_task(OwnerId owner) noexcept {
    OwnerRecord& record = records_[owner];
    if (record.task_limit.load(std::memory_order_relaxed) == 0) return;
    record.limited_tasks.fetch_sub(1, std::memory_order_relaxed);
  }

  // The tasks of one owner, or of all.
  void force(std::optional<OwnerId> owner);
  bool is_forced(OwnerId owner) const noexcept {
    return records_[owner].forced.load(std::memory_order_acquire);
  }

 private:
  const std::unique_ptr<OwnerRecord[]> records_;
  mutable Mutex mutex_;
  std::vector<std::string> names_ EKIDEN_GUARDED_BY(mutex_);
  // Numbers are used again as late as possible, so that an old one is unlikely to name somebody.
  OwnerId next_ EKIDEN_GUARDED_BY(mutex_) = kRuntimeOwner + 1;
  bool stopped_ EKIDEN_GUARDED_BY(mutex_) = false;
};

}  // namespace ekiden::runtime
