#include "runtime/task/owner_table.hpp"

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

OwnerTable::OwnerTable() : records_(std::make_unique<OwnerRecord[]>(kMaxOwners)) {
  MutexLock lock(mutex_);
  names_.resize(kMaxOwners);
  names_[kRuntimeOwner] = "runtime";
  records_[kRuntimeOwner].open.store(true);
  records_[kRuntimeOwner].admits.store(true);
}

Status OwnerTable::open(std::string name, std::uint64_t task_limit, OwnerId& out) {
  MutexLock lock(mutex_);
  if (stopped_) return Status::kDraining;
  for (OwnerId tried = 1; tried < kMaxOwners; ++tried) {
    const OwnerId id = next_;
    next_ = next_ + 1 == kMaxOwners ? kRuntimeOwner + 1 : next_ + 1;
    OwnerRecord& record = records_[id];
    if (record.open.load(std::memory_order_relaxed)) continue;
    names_[id] = std::move(name);
    record.task_limit.store(task_limit, std::memory_order_relaxed);
    record.limited_tasks.store(0, std::memory_order_relaxed);
    record.refusals.store(0, std::memory_order_relaxed);
    record.forced.store(false, std::memory_order_relaxed);
    record.open.store(true, std::memory_order_release);
    record.admits.store(true, std::memory_order_seq_cst);
    out = id;
    return Status::kOk;
  }
  return Status::kLimit;
}

void OwnerTable::close(OwnerId owner) {
  EKIDEN_CHECK(owner != kRuntimeOwner);
  EKIDEN_CHECK(owner < kMaxOwners);
  MutexLock lock(mutex_);
  records_[owner].admits.store(false, std::memory_order_seq_cst);
  records_[owner].open.store(false, std::memory_order_release);
}

void OwnerTable::stop_all() {
  MutexLock lock(mutex_);
  stopped_ = true;
  for (OwnerId id = 0; id < kMaxOwners; ++id)
    stop_admission(id);
}

void OwnerTable::force(std::optional<OwnerId> owner) {
  for (OwnerId id = 0; id < kMaxOwners; ++id) {
    if (!owner || id == *owner) records_[id].forced.store(true, std::memory_order_release);
  }
}

std::string OwnerTable::name(OwnerId owner) const {
  MutexLock lock(mutex_);
  return owner < kMaxOwners ? names_[owner] : std::string();
}

std::vector<OwnerId> OwnerTable::open_ones() const {
  std::vector<OwnerId> result;
  for (OwnerId id = 0; id < kMaxOwners; ++id) {
    if (records_[id].open.load(std::memory_order_acquire)) result.push_back(id);
  }
  return result;
}

}  // namespace ekiden::runtime
