#include "tests/model/models/workers.hpp"

namespace ekiden::model {

Workers::Workers(unsigned count, bool with_reactor)
    : count_(count), idle_(count, /*searching_max=*/1) {
  if (with_reactor) reactor_.reset(new runtime::Reactor(*this));
}

// --- Pushing -------------------------------------------------------------------------------------

void Workers::push_global(Job& job) {
  global_.push(&job, 0);
  notify_one();
}

void Workers::notify_one() {
  if (const auto sleeper = idle_.take_one_for_work()) unpark(*sleeper);
}

void Workers::unpark(unsigned id) {
  if (workers_[id].parker.unpark()) reactor_->interrupt();
}

void Workers::push_ring(unsigned id, Job& job) {
  require(workers_[id].ring.push(&job) != 0, "there is room");
  notify_one();
}

// Within a turn pushes wake nobody.
void Workers::wake(runtime::Waker) noexcept {
  require(workers_[holder_].ring.push(&woken_job_) != 0, "there is room");
}

bool Workers::work_pending() const {
  if (!global_.empty()) return true;
  for (unsigned id = 0; id < count_; ++id) {
    if (!workers_[id].ring.empty()) return true;
  }
  return false;
}

void Workers::monitor(unsigned ticks) {
  for (unsigned tick = 0; tick < ticks; ++tick) {
    wait_for_rest();
    if (work_pending()) notify_one();
  }
}

// --- The loop ------------------------------------------------------------------------------------

void Workers::live(unsigned id, bool sticks_in_job) {
  for (;;) {
    if (Job* job = next(id)) {
      job->runs.write(job->runs.read() + 1);
      if (sticks_in_job) return;
    } else {
      sleep(id);
    }
  }
}

Job* Workers::next(unsigned id) {
  Worker& self = workers_[id];
  Job* job = self.ring.pop();
  if (job == nullptr) job = take_global(id);
  if (job == nullptr) job = search(id);
  if (job != nullptr && self.searching) {
    self.searching = false;
    if (idle_.end_search() && work_pending()) notify_one();
  }
  return job;
}

Job* Workers::take_global(unsigned id) {
  Job* job = nullptr;
  global_.pop(1, workers_[id].cursor, [&job](Job* taken) { job = taken; });
  return job;
}

Job* Workers::search(unsigned id) {
  Worker& self = workers_[id];
  if (!self.searching) {
    if (!idle_.try_begin_search()) return nullptr;
    self.searching = true;
  }
  for (unsigned victim = 0; victim < count_; ++victim) {
    std::size_t moved = 0;
    if (victim == id) continue;
    if (Job* job = self.ring.steal_from(workers_[victim].ring, moved)) return job;
  }
  return take_global(id);
}

// --- Sleeping ------------------------------------------------------------------------------------

void Workers::sleep(unsigned id) {
  Worker& self = workers_[id];
  const bool was_searching = self.searching;
  self.searching = false;
  const bool must_look = idle_.sleep(id, was_searching);
  if (must_look && work_pending()) {
    const bool woken = come_back(id);
    self.searching = woken || idle_.try_begin_search();
    // A push is counted before it is linked, and in between there is nothing to be found: the
    // worker comes round until its pusher has gone on, which a fair system lets it.
    pause();
    return;
  }
  if (reactor_ != nullptr && reactor_->try_hold()) return sleep_in_reactor(id);
  wait_for_notification(self);
  self.searching = true;
}

void Workers::sleep_in_reactor(unsigned id) {
  Worker& self = workers_[id];
  holder_ = id;
  std::size_t wakes = reactor_->turn(runtime::Wait::kGlance, 4);
  if (wakes == 0 && self.parker.prepare(runtime::Parker::Place::kReactor)) {
    wakes = reactor_->turn(runtime::Wait::kBlock, 4);
  }
  const bool woken = come_back(id);
  reactor_->let_go();
  self.searching = woken;
  if (!woken && wakes > 1) {
    if (const auto other = idle_.take_one()) unpark(*other);
  }
}

bool Workers::come_back(unsigned id) {
  Worker& self = workers_[id];
  if (idle_.leave(id)) {
    self.parker.finish();
    return false;
  }
  if (!self.parker.finish()) wait_for_notification(self);
  return true;
}

void Workers::wait_for_notification(Worker& worker) {
  if (worker.parker.prepare(runtime::Parker::Place::kOwnWord)) worker.parker.wait();
  worker.parker.finish();
}

}  // namespace ekiden::model
