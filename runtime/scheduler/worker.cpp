#include "runtime/scheduler/worker.hpp"

#include <algorithm>
#include <utility>

#include "runtime/scheduler/scheduler.hpp"
#include "runtime/task/maker.hpp"

namespace ekiden::runtime {

void Worker::adopt_thread() {
  presence_ = &presence::this_thread();
  current_worker = this;
  maker::follow(&polled_);
}

void Worker::leave_thread() {
  // Nothing of a plugin runs here any more.
  presence_->current.store(presence::kNobody, std::memory_order_release);
  scheduler_.tasks_.flush(task_caches_);
  scheduler_.timers_.flush(timer_cache_);
  current_.store(0, std::memory_order_release);
  maker::follow(nullptr);
  current_worker = nullptr;
}

Worker::Worker(Scheduler& scheduler, unsigned id)
    : scheduler_(scheduler),
      id_(id),
      wheel_(id),
      poll_budget_(scheduler.config().poll_budget),
      has_lifo_slot_(scheduler.config().lifo_slot),
      polls_until_events_(scheduler.config().event_interval),
      global_cursor_(id),
      random_(id * 2654435761u + 1),
      pace_(scheduler.config().global_queue_interval),
      ring_(scheduler.config().local_queue_capacity),
      children_(scheduler.config().local_queue_capacity) {
  context_.struct_size = sizeof(PollContext);
  context_.worker = id;
}

void Worker::run() {
  adopt_thread();
  phase_.store(Phase::kRunning, std::memory_order_relaxed);
  measure_clock();
  begin_work(scheduler_.clock().now_ns());
  while (!leaves_.load(std::memory_order_acquire)) {
    if (TaskHeader* task = next_task()) {
      run_task(*task);
      look_up();
    } else {
      sleep();
    }
  }
  if (continued_ != nullptr) push_ring(*std::exchange(continued_, nullptr));
  charge(scheduler_.clock().now_ns());
  charged_type_ = last_woken_ = nullptr;
  if (replaces_) hand_over();
  if (searching_) stop_searching();
  leave_thread();
  phase_.store(Phase::kStopped, std::memory_order_relaxed);
}

void Worker::prepare_to_replace(const Worker& replaced) {
  replaces_ = true;
  wheel_ = replaced.wheel_;
  lifo_run_ = 0;
  stuck_at_.store(~std::uint64_t{0}, std::memory_order_relaxed);
  leaves_.store(false, std::memory_order_relaxed);  // relaxed: its thread starts after it
  phase_.store(Phase::kStopped, std::memory_order_relaxed);
}

// A replacement leaves nothing behind in its own queues. Then somebody is woken, whoever searches:
// for that work, for what this worker was woken for and did not look for any more, and because it
// may have been the one that sat in the reactor.
void Worker::hand_over() {
  const auto give = [&](TaskHeader& task) { scheduler_.global_.push(&task, id_); };
  while (TaskHeader* task = ring_.pop())
    give(*task);
  while (TaskHeader* task = children_.pop())
    give(*task);
  if (TaskHeader* task = lifo_.take()) give(*task);
  if (const auto sleeper = scheduler_.idle_.take_one()) scheduler_.unpark(*sleeper);
}

// --- Where tasks come from ---------------------------------------------------------------------

TaskHeader* Worker::next_task() {
  if (continued_ != nullptr) {
    TaskHeader* task = std::exchange(continued_, nullptr);
    if (ahead_run_++ < kAheadRunMax) return task;
    push_ring(*task);
  }
  TaskHeader* task = pace_.global_due() ? next_in_turn() : nullptr;
  if (task == nullptr) task = next_at_home();
  if (task == nullptr) task = take_global();
  if (task == nullptr) task = search();
  if (task != nullptr && searching_) stop_searching();
  return task;
}

// What is warm first, but not for ever.
TaskHeader* Worker::next_at_home() {
  if (ahead_run_ < kAheadRunMax) {
    if (TaskHeader* task = next_ahead()) {
      ++ahead_run_;
      return task;
    }
  }
  ahead_run_ = 0;
  if (TaskHeader* task = ring_.pop()) return task;
  return next_ahead();
}

// What would wait for ever behind tasks that keep this worker busy: either of the two by turns, for
// neither need ever be empty.
TaskHeader* Worker::next_in_turn() {
  oldest_child_first_ = !oldest_child_first_;
  if (oldest_child_first_) {
    if (TaskHeader* task = children_.steal()) return task;
  }
  if (TaskHeader* task = take_global()) return task;
  return oldest_child_first_ ? nullptr : children_.steal();
}

// Ahead of the ring: what the last poll woke, and the newest child.
TaskHeader* Worker::next_ahead() {
  if (TaskHeader* task = lifo_.take()) {
    if (lifo_run_ < kLifoRunMax) {
      ++lifo_run_;
      add_relaxed<std::uint64_t>(counters_.lifo_hits, 1);
      return task;
    }
    lifo_run_ = 0;
    // Behind what waits; where nothing waits, no detour.
    if (ring_.empty() && children_.empty()) return task;
    push_ring(*task);
    // The ring has its turn after some of these; children that it let pass would have none.
    if (TaskHeader* child = children_.pop()) return child;
    return ring_.pop();
  }
  lifo_run_ = 0;
  return children_.pop();
}

// A fair share of the global queue: one task to run, the rest into the ring.
TaskHeader* Worker::take_global() {
  const std::size_t waiting = scheduler_.global_.size();
  if (waiting == 0) return nullptr;
  const std::size_t share = waiting / scheduler_.config().workers + 1;
  const std::size_t room = ring_.capacity() - ring_.size();
  const std::size_t most = std::min({share, room + 1, ring_.capacity() / 2 + 1});
  TaskHeader* first = nullptr;
  const std::size_t taken = scheduler_.global_.pop(most, global_cursor_, [&](TaskHeader* task) {
    if (first == nullptr) {
      first = task;
    } else {
      // The room was counted above, and thieves only make more of it.
      EKIDEN_CHECK(ring_.push(task) != 0);
    }
  });
  if (taken <= 1) return first;
  max_relaxed<std::uint64_t>(counters_.local_high_water, ring_.size());
  if (!searching_) notify_one();
  return first;
}

// --- Where tasks go to -------------------------------------------------------------------------

void Worker::schedule(TaskHeader& task) {
  if (quiet_) last_woken_ = task.type.load(std::memory_order_relaxed);
  if (quiet_ || !has_lifo_slot_) return push_ring(task);
  if (TaskHeader* displaced = lifo_.replace(&task)) push_ring(*displaced);
}

void Worker::schedule_new(TaskHeader& task) {
  if (!has_lifo_slot_ || !lifo_.put(&task)) push_ring(task);
}

void Worker::queue_last(TaskHeader& task) {
  const std::size_t depth = ring_.push(&task);
  if (depth == 0) return overflow(task);
  max_relaxed<std::uint64_t>(counters_.local_high_water, depth);
}

void Worker::queue_child(TaskHeader& task) {
  if (children_.push(&task) == 0) queue_last(task);
}

void Worker::notify_one() {
  if (scheduler_.idle_.wants_wake()) scheduler_.notify_one();
}

// The older half goes with the new task to the global queue, in one batch, so that the next pushes
// find room (as in Go and tokio).
void Worker::overflow(TaskHeader& task) {
  std::uint64_t from = 0;
  const std::size_t count = ring_.take_half(from);
  if (count == 0) {
    // Thieves have emptied it meanwhile.
    EKIDEN_CHECK(ring_.push(&task) != 0);
    return;
  }
  std::size_t given = 0;
  scheduler_.global_.push_n(count + 1, id_,
                            [&] { return given < count ? ring_.entry(from + given++) : &task; });
  add_relaxed<std::uint64_t>(counters_.overflows, 1);
}

bool Worker::has_room_for(SpawnPlace place) const {
  if (ring_.size() < ring_.capacity()) return true;
  const bool is_lifo = place == SpawnPlace::kLifoSlot || place == SpawnPlace::kFreeLifoSlot;
  if (is_lifo && has_lifo_slot_ && lifo_.empty()) return true;
  if (place == SpawnPlace::kChildStack && children_.size() < children_.capacity()) return true;
  return scheduler_.global_.has_room(ring_.capacity() / 2 + 1);
}

// --- Looking up from the ring ------------------------------------------------------------------

void Worker::look_up() {
  if (pace_.clock_due()) read_clock();
  if (--polls_until_events_ == 0) look_at_events();
}

// Behind everything that this worker has to do.
void Worker::requeue(TaskHeader& task) {
  stamp_runnable(task);
  queue_last(task);
  // Alone, it is what this worker runs next: no reason to wake somebody who would carry it off.
  if (quiet_ || !scheduler_.idle_.wants_wake()) return;
  if (ring_.size() > 1 || !lifo_.empty() || !children_.empty()) scheduler_.notify_one();
}

void Worker::look_at_events() {
  polls_until_events_ = scheduler_.config().event_interval;
  events_seen_at_ = context_.now_ns;
  if (!scheduler_.reactor_.try_hold()) return;
  // The turn is work, but no part of a poll.
  if constexpr (kObserve) charge(scheduler_.clock().now_ns());
  turn_reactor(Wait::kNoWait);
  if constexpr (kObserve) charge(scheduler_.clock().now_ns());
  scheduler_.reactor_.let_go();
  if (!ring_.empty()) scheduler_.notify_one();
}

}  // namespace ekiden::runtime
