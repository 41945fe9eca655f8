// Jobs as their owners see them; the threads are in blocking_pool_threads.cpp.
#include "runtime/blocking/blocking_pool.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

int start_std_thread(std::function<void()> body, std::thread& out) {
  try {
    out = std::thread(std::move(body));
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

BlockingPool::BlockingPool(WakeTarget& target, Options options)
    : target_(target), options_(std::move(options)) {
  EKIDEN_CHECK(options_.start_thread != nullptr);
  EKIDEN_CHECK(options_.threads_max >= 1);
  EKIDEN_CHECK(options_.queue_capacity >= 1);
  EKIDEN_CHECK(options_.clock != nullptr);
}

BlockingPool::~BlockingPool() {
  const bool ended = shutdown(kNever);
  EKIDEN_CHECK(ended);
}

// --- Submitting, asking, closing ---------------------------------------------------------------

Status BlockingPool::submit(OwnerId owner, const Job& job, Handle& out, int* os_error) {
  int error = 0;
  if (os_error != nullptr) *os_error = 0;
  if (job.run == nullptr || owner >= kMaxOwners) return Status::kInvalid;
  PoolThread* helper = nullptr;
  {
    MutexLock lock(mutex_);
    if (stopping_) return Status::kDraining;
    if (queue_.size() >= options_.queue_capacity) {
      ++stats_.refused;
      return Status::kFull;
    }
    JobSlot* slot = jobs_.take(owner, job);
    if (slot == nullptr) return Status::kNoMemory;
    queue_.push_back(*slot);
    helper = call_helper(error);
    if (threads_ == 0) {
      queue_.remove(*slot);
      jobs_.free(*slot);
      ++stats_.refused;
      if (os_error != nullptr) *os_error = error;
      return Status::kNoMemory;
    }
    ++stats_.submitted;
    stats_.queued_high_water = std::max(stats_.queued_high_water, queue_.size());
    out = JobTable::handle_of(*slot);
  }
  if (helper != nullptr) helper->parker.signal();
  return Status::kOk;
}

Status BlockingPool::poll(OwnerId owner, Handle job, Waker waker, std::int32_t& result,
                          std::string* failure) {
  MutexLock lock(mutex_);
  JobSlot* slot = nullptr;
  if (const Status status = jobs_.find(owner, job, slot); status != Status::kOk) return status;
  switch (slot->state) {
    case JobState::kDone:
      result = slot->result;
      return Status::kOk;
    case JobState::kFailed:
      if (failure != nullptr) *failure = slot->failure != nullptr ? *slot->failure : std::string();
      return Status::kFailed;
    case JobState::kCancelled:
      return Status::kCancelled;
    default:
      // A null waker only asks, and leaves whoever waits alone.
      if (!waker.is_null()) slot->waker = waker;
      return Status::kPending;
  }
}

Status BlockingPool::close(OwnerId owner, Handle job) {
  JobSlot* withdrawn = nullptr;
  {
    MutexLock lock(mutex_);
    JobSlot* slot = nullptr;
    if (const Status status = jobs_.find(owner, job, slot); status != Status::kOk) return status;
    slot->waker = Waker();
    slot->detached = true;
    if (slot->state == JobState::kQueued) withdraw(*slot, withdrawn);
    if (slot->has_ended()) jobs_.free(*slot);
  }
  drop_withdrawn(withdrawn);
  return Status::kOk;
}

std::size_t BlockingPool::cancel_all(OwnerId owner) {
  JobSlot* withdrawn = nullptr;
  std::size_t in_code = 0;
  if (owner >= kMaxOwners) return 0;
  {
    MutexLock lock(mutex_);
    std::uint32_t cursor = 0;
    while (JobSlot* slot = jobs_.next_of(owner, cursor)) {
      slot->detached = true;
      if (slot->has_ended()) {
        jobs_.free(*slot);
      } else if (slot->state == JobState::kQueued) {
        withdraw(*slot, withdrawn);
      } else {
        ++in_code;
      }
    }
  }
  drop_withdrawn(withdrawn);
  return in_code;
}

// --- Taking jobs out of the queue --------------------------------------------------------------

void BlockingPool::withdraw(JobSlot& slot, JobSlot*& list) {
  queue_.remove(slot);
  slot.state = JobState::kWithdrawn;
  slot.next = list;
  list = &slot;
  ++stats_.dropped;
}

void BlockingPool::withdraw_all(JobSlot*& list) {
  while (JobSlot* slot = queue_.front())
    withdraw(*slot, list);
}

// Each slot stays until its drop has been left, so that count() does not say 0 too early; the guard
// ends it also where a forced unwind leaves the drop.
void BlockingPool::drop_withdrawn(JobSlot* list) {
  struct End {
    BlockingPool& pool;
    JobSlot& slot;
    ~End() {
      Waker waker;
      {
        MutexLock lock(pool.mutex_);
        waker = pool.end_job(slot, JobState::kCancelled);
      }
      pool.wake(waker);
    }
  };
  while (list != nullptr) {
    JobSlot& slot = *list;
    list = slot.next;
    const End end{*this, slot};
    drop_guarded(slot.owner, slot.job);
  }
}

// The job's code has been left for good. Returns whom to wake, outside the lock.
Waker BlockingPool::end_job(JobSlot& slot, JobState state) {
  const Waker waker = std::exchange(slot.waker, Waker());
  slot.state = state;
  if (slot.detached) jobs_.free(slot);
  return waker;
}

void BlockingPool::wake(Waker waker) {
  if (!waker.is_null()) target_.wake(waker);
}

// --- The end -----------------------------------------------------------------------------------

bool BlockingPool::shutdown(Nanos deadline, std::vector<RunningJob>* stuck) {
  JobSlot* withdrawn = nullptr;
  std::vector<PoolThread*> idle;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    withdraw_all(withdrawn);
    idle = idle_;
    idle_.clear();
    on_its_way_ += static_cast<unsigned>(idle.size());
  }
  for (PoolThread* thread : idle)
    thread->parker.signal();
  drop_withdrawn(withdrawn);
  if (!wait_all_left(deadline)) {
    if (stuck != nullptr) *stuck = running();
    return false;
  }
  std::thread last;
  {
    MutexLock lock(mutex_);
    last = std::move(last_left_);
  }
  if (last.joinable()) last.join();
  return true;
}

// --- Seeing inside -----------------------------------------------------------------------------

std::size_t BlockingPool::count(OwnerId owner) const {
  MutexLock lock(mutex_);
  return owner < kMaxOwners ? jobs_.count(owner) : 0;
}

MakerCounts BlockingPool::count_makers(OwnerId owner) const {
  MakerCounts counts;
  if (owner >= kMaxOwners) return counts;
  MutexLock lock(mutex_);
  std::uint32_t cursor = 0;
  while (const JobSlot* slot = jobs_.next_of(owner, cursor))
    ++counts[slot->maker];
  return counts;
}

std::vector<RunningJob> BlockingPool::running() const {
  std::vector<RunningJob> jobs;
  MutexLock lock(mutex_);
  for (const auto& thread : records_) {
    if (thread->running == nullptr) continue;
    jobs.push_back({thread->running->owner, JobTable::handle_of(*thread->running), thread->since_ns,
                    thread->thread_id});
  }
  return jobs;
}

std::vector<RunningJob> BlockingPool::running(OwnerId owner) const {
  std::vector<RunningJob> jobs = running();
  std::erase_if(jobs, [owner](const RunningJob& job) { return job.owner != owner; });
  return jobs;
}

std::optional<JobState> BlockingPool::state_of(OwnerId owner, Handle job) const {
  MutexLock lock(mutex_);
  JobSlot* slot = nullptr;
  if (jobs_.find(owner, job, slot) != Status::kOk) return std::nullopt;
  return slot->state;
}

BlockingPool::Stats BlockingPool::stats() const {
  MutexLock lock(mutex_);
  Stats stats = stats_;
  stats.threads = threads_;
  stats.idle = static_cast<unsigned>(idle_.size());
  stats.queued = queue_.size();
  stats.queue_capacity = options_.queue_capacity;
  return stats;
}

}  // namespace ekiden::runtime
