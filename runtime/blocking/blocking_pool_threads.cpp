// The pool's threads: starting, sleeping, running jobs, leaving.
#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include "runtime/blocking/blocking_pool.hpp"

namespace ekiden::runtime {

namespace {

void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());  // the kernel's limit
}

}  // namespace

// --- Sending a thread on its way ---------------------------------------------------------------

// If jobs are queued and nobody is on the way to them, sends somebody: starts a thread, or returns
// an idle one that the caller signals outside the lock. `os_error`: a thread could not be started.
PoolThread* BlockingPool::call_helper(int& os_error) {
  if (queue_.size() == 0 || on_its_way_ > 0) return nullptr;
  if (!idle_.empty()) {
    PoolThread* helper = idle_.back();
    idle_.pop_back();
    ++on_its_way_;
    return helper;
  }
  if (threads_ < options_.threads_max) os_error = start_thread();
  return nullptr;
}

int BlockingPool::start_thread() {
  const int error = try_start_thread();
  if (error != 0) {
    ++stats_.thread_start_failures;
    return error;
  }
  spare_.pop_back();
  ++threads_;
  ++on_its_way_;
  return 0;
}

// Starts a thread on the last spare record.
int BlockingPool::try_start_thread() {
  try {
    if (spare_.empty()) {
      records_.push_back(std::make_unique<PoolThread>());
      idle_.reserve(records_.size());  // so that becoming idle and leaving need no memory
      spare_.reserve(records_.size());
      spare_.push_back(records_.back().get());
    }
    PoolThread& self = *spare_.back();
    auto body = [this, &self] { thread_main(self); };
    return options_.start_thread(body, self.thread);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

// --- A thread's life ---------------------------------------------------------------------------

void BlockingPool::thread_main(PoolThread& self) {
  on_pool_thread = true;
  name_this_thread(options_.thread_name);
  self.thread_id = gettid();  // read by others only while `running` is set, under the lock
  do {
    JobSlot* job = arrive(self);
    while (job != nullptr)
      job = run_job(self, *job);
  } while (sleep(self));
}

// A thread that was on its way is at the queue. Before it runs the first job it sees to it that
// somebody comes for the next one.
JobSlot* BlockingPool::arrive(PoolThread& self) {
  const Nanos now = options_.clock->now_ns();
  JobSlot* job = nullptr;
  PoolThread* helper = nullptr;
  {
    MutexLock lock(
        mutex_);  // for a new thread: waits until start_thread() has filled the record in
    --on_its_way_;
    job = take_job(self, now);
    int ignored = 0;  // it is counted; this thread runs, so nothing depends on another one
    helper = call_helper(ignored);
  }
  if (helper != nullptr) helper->parker.signal();
  return job;
}

// True: called, or needed, so on its way. False: this thread has left the pool and must not touch
// its record again.
bool BlockingPool::sleep(PoolThread& self) {
  Nanos keep_alive = options_.keep_alive_ns;
  {
    MutexLock lock(mutex_);
    if (queue_.size() > 0) {
      ++on_its_way_;
      return true;
    }
    if (stopping_) keep_alive = 0;
    self.parker.prepare();
    idle_.push_back(&self);
  }
  return self.parker.wait_for(keep_alive) || !leave_idle(self);
}

// Leaves, unless somebody has called this thread in the meantime.
bool BlockingPool::leave_idle(PoolThread& self) {
  std::thread left_before;
  bool called = false;
  {
    MutexLock lock(mutex_);
    called = std::erase(idle_, &self) == 0;
    if (!called) left_before = leave(self);
  }
  if (called) self.parker.wait();  // the caller is just about to signal
  if (left_before.joinable()) left_before.join();
  return !called;
}

// Gives the record back. Returns the thread that left before, for this one to join: so at most one
// thread that has ended is waiting to be joined.
std::thread BlockingPool::leave(PoolThread& self) {
  std::thread left_before = std::exchange(last_left_, std::move(self.thread));
  spare_.push_back(&self);
  if (--threads_ == 0) all_left_.notify_all();
  return left_before;
}

bool BlockingPool::wait_all_left(Nanos deadline) {
  using std::chrono::steady_clock;
  constexpr Nanos kFarthest = Nanos{1} << 62;  // steady_clock counts with a sign
  const steady_clock::time_point limit{std::chrono::nanoseconds(std::min(deadline, kFarthest))};
  MutexLock lock(mutex_);
  while (threads_ > 0) {
    if (deadline >= kFarthest) {
      all_left_.wait(mutex_);
    } else if (all_left_.wait_until(mutex_, limit) == std::cv_status::timeout) {
      return threads_ == 0;
    }
  }
  return true;
}

// --- Running -----------------------------------------------------------------------------------

JobSlot* BlockingPool::take_job(PoolThread& self, Nanos now) {
  JobSlot* slot = queue_.front();
  if (slot == nullptr) return nullptr;
  queue_.remove(*slot);
  slot->state = JobState::kRunning;
  self.running = slot;
  self.since_ns = now;
  return slot;
}

// Returns the next job: one visit to the lock ends this one and takes that.
JobSlot* BlockingPool::run_job(PoolThread& self, JobSlot& slot) {
  JobOutcome outcome;
  try {
    run_guarded(slot.owner, slot.job, outcome);
  } catch (abi::__forced_unwind&) {
    finish_unwinding(self, slot, outcome);
    throw;
  }
  const Nanos now = options_.clock->now_ns();
  JobSlot* next = nullptr;
  Waker waker;
  {
    MutexLock lock(mutex_);
    waker = finish_job(self, slot, outcome);
    next = take_job(self, now);
  }
  wake(waker);
  return next;
}

Waker BlockingPool::finish_job(PoolThread& self, JobSlot& slot, JobOutcome& outcome) {
  self.running = nullptr;
  slot.result = outcome.result;
  slot.failure = outcome.failure.release();
  ++stats_.completed;
  if (outcome.failed) ++stats_.failed;
  return end_job(slot, outcome.failed ? JobState::kFailed : JobState::kDone);
}

// The job takes this thread with it. Others, if need be a new one, see to the queue; if none can be
// had, the queued jobs are dropped rather than left behind.
void BlockingPool::finish_unwinding(PoolThread& self, JobSlot& slot, JobOutcome& outcome) {
  Waker waker;
  PoolThread* helper = nullptr;
  JobSlot* withdrawn = nullptr;
  std::thread left_before;
  {
    MutexLock lock(mutex_);
    waker = finish_job(self, slot, outcome);
    left_before = leave(self);
    int ignored = 0;  // counted
    helper = call_helper(ignored);
    if (threads_ == 0) withdraw_all(withdrawn);
  }
  if (helper != nullptr) helper->parker.signal();
  wake(waker);
  drop_withdrawn(withdrawn);
  if (left_before.joinable()) left_before.join();
}

}  // namespace ekiden::runtime
