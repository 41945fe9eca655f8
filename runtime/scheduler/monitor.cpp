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
  if (scheduler_.idle_.sleepers() == scheduler_.workers_.size() && reactor_is_manned() &&
      stop_.load(std::memory_order_seq_cst) == 0) {
    while (asleep_.load(std::memory_order_acquire) != 0)
      futex_wait(asleep_, 1);
  }
  asleep_.store(0, std::memory_order_relaxed);
}

// The last worker to go to sleep may have found the reactor held by us, in rescue_reactor(), and
// then sleeps on its own word. Once all sleep nobody but us would see that.
bool Monitor::reactor_is_manned() {
  if (!scheduler_.reactor_.try_hold()) return true;
  scheduler_.reactor_.let_go();
  if (const auto sleeper = scheduler_.idle_.take_one()) scheduler_.unpark(*sleeper);
  return false;
}

void Monitor::rouse() {
  // seq_cst: a stop() has stored its flag before.
  if (asleep_.exchange(0, std::memory_order_seq_cst) != 0) futex_wake(asleep_, 1);
}

void Monitor::tick(Nanos now) {
  for (std::size_t id = 0; id < watches_.size(); ++id) {
    watch_worker(*scheduler_.workers_[id], watches_[id], now);
  }
  rescue_work();
  rescue_reactor();
}

// A worker that still has the same task in hand, and has polled nothing since, is inside that poll,
// or in that task's drop. The task is read first: see Worker::enter().
void Monitor::watch_worker(Worker& worker, Watch& watch, Nanos now) {
  const std::uint64_t task = worker.phase() == Worker::Phase::kRunning ? worker.current_task() : 0;
  const std::uint64_t polls = worker.counters().polls.load(std::memory_order_relaxed);
  if (task == 0 || task != watch.task || polls != watch.polls) {
    watch.task = task;
    watch.polls = polls;
    watch.since.store(task != 0 ? now : 0, std::memory_order_relaxed);
    watch.reported = false;
    return;
  }
  worker.mark_stuck(polls);
  const Nanos lasted = now - watch.since.load(std::memory_order_relaxed);
  if (watch.reported || lasted < scheduler_.config().stall_report_ns) return;
  watch.reported = true;
  report_stall(worker, Handle(task), lasted);
}

void Monitor::report_stall(Worker& worker, Handle task, Nanos lasted) {
  if (!scheduler_.config().on_stall) return;
  const auto info = scheduler_.task_info(task);
  // Gone or queued: it has returned at this very moment.
  if (!info || (info->state != TaskState::kRunning && info->state != TaskState::kEnded)) return;
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
