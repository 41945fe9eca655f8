#include "runtime/blocking/job_table.hpp"

namespace ekiden::runtime {

void JobQueue::push_back(JobSlot& slot) {
  slot.next = nullptr;
  slot.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &slot;
  last_ = &slot;
  ++size_;
}

void JobQueue::remove(JobSlot& slot) {
  (slot.previous != nullptr ? slot.previous->next : first_) = slot.next;
  (slot.next != nullptr ? slot.next->previous : last_) = slot.previous;
  slot.next = slot.previous = nullptr;
  --size_;
}

JobTable::JobTable() : counts_(std::make_unique<std::uint32_t[]>(kMaxOwners)) {}

JobTable::~JobTable() {
  for (std::uint32_t index = 0; index < arena_.used_slots(); ++index)
    delete at(index).failure;
}

JobSlot* JobTable::take(OwnerId owner, const Job& job) {
  const std::uint32_t index = arena_.allocate(&cache_);
  if (index == SlotArena::kNone) return nullptr;
  JobSlot& slot = at(index);
  slot.job = job;
  slot.index = index;
  ++slot.generation;
  slot.owner = owner;
  slot.maker = maker::current();
  slot.waker = Waker();
  slot.state = JobState::kQueued;
  slot.detached = false;
  ++counts_[owner];
  return &slot;
}

void JobTable::free(JobSlot& slot) {
  delete slot.failure;
  slot.failure = nullptr;
  slot.state = JobState::kFree;
  --counts_[slot.owner];
  // A slot whose generation would wrap is never used again: its oldest handles would be valid.
  if (slot.generation != ~std::uint32_t{0}) arena_.release(slot.index, &cache_);
}

Status JobTable::find(OwnerId owner, Handle job, JobSlot*& out) const {
  if (job.kind() != HandleKind::kJob || job.is_null()) return Status::kInvalid;
  if (job.index() >= arena_.used_slots()) return Status::kStale;
  JobSlot& slot = at(job.index());
  if (slot.generation != job.generation()) return Status::kStale;
  if (slot.state == JobState::kFree || slot.detached) return Status::kStale;
  if (slot.owner != owner) return Status::kForeign;
  out = &slot;
  return Status::kOk;
}

JobSlot* JobTable::next_of(OwnerId owner, std::uint32_t& cursor) const {
  if (counts_[owner] == 0) return nullptr;
  while (cursor < arena_.used_slots()) {
    JobSlot& slot = at(cursor++);
    if (slot.state != JobState::kFree && slot.owner == owner) return &slot;
  }
  return nullptr;
}

}  // namespace ekiden::runtime
