#include "runtime/scheduler/monitor.hpp"

#include <pthread.h>

#include "runtime/base/futex.hpp"
#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Monitor::Monitor(Scheduler& scheduler)
    : scheduler_(scheduler), watches_(scheduler.config().workers) {}

void Monitor::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "ekiden-monitor");
    run();
  });
}

void Monitor::stop() {
  if (!thread_.joinable()) return;
  stop_.store(1, std::memory_order_seq_cst);
  futex_wake(stop_, 1);
  rouse();
  thread_.join();
}

void Monitor::run() {
  while (stop_.load(std::memory_order_acquire) == 0) {
    tick(scheduler_.clock().now_ns());
    futex_wait_for(stop_, 0, kMonitorTickNs);
    if (scheduler_.idle_.sleepers() == scheduler_.workers_.size()) sleep_until_awake();
  }
}

// A stop() or a worker that wakes up after our look finds the announcement and wakes us.
void Monitor::sleep_until_awake() {
  asleep_.store(1, std::memory_order_seq_cst);
  if (scheduler_.idle_.sleepers() == scheduler_.workers_.size() &&
      stop_.load(std::memory_order_seq_cst) == 0) {
    while (asleep_.load(std::memory_order_acquire) != 0) futex_wait(asleep_, 1);
  }
  asleep_.store(0, std::memory_order_relaxed);
}

void Monitor::rouse() {
  if (asleep_.exchange(0, std::memory_order_acq_rel) != 0) futex_wake(asleep_, 1);
}

void Monitor::tick(Nanos now) {
  for (std::size_t id = 0; id < watches_.size(); ++id) {
    watch_worker(*scheduler_.workers_[id], watches_[id], now);
  }
  rescue_work();
  rescue_reactor();
}

// A worker whose poll count stands still while it has a task in hand is inside that poll. A tick
// that came much too late (the machine was suspended, or the monitor got no CPU) says nothing about
// anybody, so time counts only as far as ticks came on time.
void Monitor::watch_worker(Worker& worker, Watch& watch, Nanos now) {
  const std::uint64_t polls = worker.counters().polls.load(std::memory_order_relaxed);
  const bool polling = worker.phase() == Worker::Phase::kRunning && worker.current_task() != 0;
  if (!polling || polls != watch.polls.load(std::memory_order_relaxed)) {
    watch.polls.store(polls, std::memory_order_relaxed);
    watch.since.store(polling ? now : 0, std::memory_order_relaxed);
    watch.reported = false;
    return;
  }
  worker.mark_stuck(polls);
  const Nanos lasted = now - watch.since.load(std::memory_order_relaxed);
  if (watch.reported || lasted < scheduler_.config().stall_report_ns) return;
  watch.reported = true;
  report_stall(worker, lasted);
}

void Monitor::report_stall(Worker& worker, Nanos lasted) {
  if (!scheduler_.config().on_stall) return;
  const Handle task(worker.current_task());
  const auto info = scheduler_.task_info(task);
  if (!info || info->state != TaskState::kRunning) return;
  scheduler_.config().on_stall({worker.id(), info->owner, info->type, task, lasted});
}

// Tasks that nobody was woken for: in the ring or LIFO slot of a worker that is stuck.
void Monitor::rescue_work() {
  bool waiting = scheduler_.work_pending();
  for (const auto& worker : scheduler_.workers_) {
    waiting = waiting || (!worker->lifo_empty() && worker->is_stuck());
  }
  if (waiting) scheduler_.notify_one();
}

// Nobody sits in the reactor and nobody has looked at it since the last tick: every worker is busy,
// or those that sleep have left it to one that got stuck.
void Monitor::rescue_reactor() {
  const std::uint64_t turns = scheduler_.reactor_turns_.load(std::memory_order_relaxed);
  const bool moved = turns != turns_seen_;
  turns_seen_ = turns;
  if (moved || !scheduler_.reactor_.try_hold()) return;
  if (const auto sleeper = scheduler_.idle_.take_one()) {
    scheduler_.reactor_.let_go();
    return scheduler_.unpark(*sleeper);
  }
  scheduler_.reactor_.turn(Wait::kNoWait, kEventsPerTurn);
  scheduler_.timers_.advance_due(scheduler_.clock().now_ns());
  scheduler_.reactor_.let_go();
}

Nanos Monitor::poll_lasts(unsigned worker, Nanos now) const {
  const Watch& watch = watches_[worker];
  const Nanos since = watch.since.load(std::memory_order_relaxed);
  return since == 0 || since > now ? 0 : now - since;
}

}  // namespace ekiden::runtime
