#include "runtime/scheduler/monitor.hpp"

#include <pthread.h>

#include <algorithm>

#include "runtime/base/futex.hpp"
#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Monitor::Monitor(Scheduler& scheduler)
    : scheduler_(scheduler),
      clock_(scheduler.clock().runs() ? scheduler.clock() : SystemClock::instance()),
      watches_(std::make_unique<Watch[]>(scheduler.config().worker_slots())),
      replacements_(scheduler) {}

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
    tick(now_ns());
    futex_wait_for(stop_, 0, kMonitorTickNs);
    if (all_asleep()) sleep_until_awake();
  }
}

// While there is a replacement, which is to leave, or a stall, whose end is to be told, the monitor
// has something to do.
bool Monitor::all_asleep() const {
  return stalls_now_ == 0 && !replacements_.any() &&
         scheduler_.idle_.sleepers() == scheduler_.config().workers;
}

// A stop() or a worker that wakes up after our look finds the announcement and wakes us.
void Monitor::sleep_until_awake() {
  asleep_.store(1, std::memory_order_seq_cst);
  if (all_asleep() && reactor_is_manned() && stop_.load(std::memory_order_seq_cst) == 0) {
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
  const Nanos missed = not_counted(now);
  const std::size_t workers = scheduler_.workers_.size();
  for (std::size_t id = 0; id < workers; ++id) {
    watch_worker(*scheduler_.workers_[id], watches_[id], now, missed);
  }
  replacements_.review([this](unsigned worker) { return is_held_up(worker); });
  rescue_work();
  rescue_reactor();
}

Nanos Monitor::not_counted(Nanos now) {
  const Nanos passed = ticked_at_ != 0 && now > ticked_at_ ? now - ticked_at_ : 0;
  ticked_at_ = now;
  return passed > kTickCountsNsMax ? passed - kTickCountsNsMax : 0;
}

// A worker that still has the same task in hand, and has polled nothing since, is inside that poll,
// or in that task's drop. The task is read first: see Worker::enter().
void Monitor::watch_worker(Worker& worker, Watch& watch, Nanos now, Nanos missed) {
  const std::uint64_t task = worker.phase() == Worker::Phase::kRunning ? worker.current_task() : 0;
  const std::uint64_t polls = worker.counters().polls.load(std::memory_order_relaxed);
  const Nanos since = watch.since.load(std::memory_order_relaxed) + missed;
  if (since != missed) watch.since.store(since, std::memory_order_relaxed);
  if (task == 0 || task != watch.task || polls != watch.polls) {
    if (watch.stall) end_stall(watch, now);
    return begin_watch(watch, task, polls, now);
  }
  worker.mark_stuck(polls);
  const Nanos lasted = now - std::min(since, now);
  if (!watch.stall) {
    if (lasted < scheduler_.config().stall_report_ns) return;
    if (!begin_stall(worker, watch, lasted)) return begin_watch(watch, task, polls, now);
  }
  measure(watch, lasted);
  if (lasted >= scheduler_.config().stall_replace_ns) replace(watch);
}

void Monitor::begin_watch(Watch& watch, std::uint64_t task, std::uint64_t polls, Nanos now) {
  watch.task = task;
  watch.polls = polls;
  watch.since.store(task != 0 ? now : 0, std::memory_order_relaxed);
}

// --- Stalls ------------------------------------------------------------------------------------

std::optional<TaskInfo> Monitor::held_task(Handle task) const noexcept {
  try {
    return scheduler_.task_info(task);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

// False: it is no poll that lasts, but a worker that did not get from one to the next; or there is
// no memory to say whose it is.
bool Monitor::begin_stall(Worker& worker, Watch& watch, Nanos lasted) {
  const Handle task(watch.task);
  auto info = held_task(task);
  if (!info || (info->state != TaskState::kRunning && info->state != TaskState::kEnded)) {
    return false;
  }
  const TaskHeader& header = *scheduler_.tasks_.find(task);
  // acquire: pairs with the release in TaskTable::allocate(). If the task has ended just now the
  // type may be that of the slot's next one, and is counted wrongly this once.
  watch.stalled_type = header.type.load(std::memory_order_acquire);
  watch.stall = Stall{};
  watch.stall->worker = worker.id();
  watch.stall->owner = info->owner;
  watch.stall->type = std::move(info->type);
  watch.stall->task = task;
  add_relaxed<std::uint64_t>(watch.stalls, 1);
  add_relaxed<std::uint64_t>(watch.stalled_type->stalls, 1);
  watch.is_stall.store(true, std::memory_order_relaxed);
  ++stalls_now_;
  tell(*watch.stall, StallEvent::kLasts, lasted);
  return true;
}

// The poll has returned since the last tick.
void Monitor::end_stall(Watch& watch, Nanos now) {
  const Nanos lasted = now - std::min(now, watch.since.load(std::memory_order_relaxed));
  // Without tasks the plugin may be gone by now, and its type another's.
  if (watch.stalled_type->owner.load(std::memory_order_relaxed) != watch.stall->owner) {
    watch.stalled_type = nullptr;
  }
  measure(watch, lasted);
  watch.is_stall.store(false, std::memory_order_relaxed);
  --stalls_now_;
  tell(*watch.stall, StallEvent::kReturned, lasted);
  watch.stall.reset();
}

void Monitor::measure(Watch& watch, Nanos lasted) {
  max_relaxed<std::uint64_t>(watch.longest_ns, lasted);
  if (watch.stalled_type == nullptr) return;
  max_relaxed<std::uint64_t>(watch.stalled_type->longest_stall_ns, lasted);
}

// Without memory to say it the stall goes untold: the monitor is needed for more.
void Monitor::tell(Stall& stall, StallEvent event, Nanos lasted) noexcept {
  stall.event = event;
  stall.lasted_ns = lasted;
  if (!scheduler_.config().on_stall) return;
  try {
    scheduler_.config().on_stall(stall);
  } catch (const std::bad_alloc&) {
  }
}

bool Monitor::is_held_up(unsigned worker) const {
  const Watch& watch = watches_[worker];
  return watch.stall && ticked_at_ - watch.since.load(std::memory_order_relaxed) >=
                            scheduler_.config().stall_replace_ns;
}

// Tried again each tick where it does not succeed.
void Monitor::replace(Watch& watch) {
  Stall& stall = *watch.stall;
  if (replacements_.has_replacement(stall.worker) || replacements_.is_dismissed(stall.worker)) {
    return;
  }
  const Nanos lasted = ticked_at_ - watch.since.load(std::memory_order_relaxed);
  switch (replacements_.start(stall.worker, stall.os_error)) {
    case Replacements::Start::kStarted:
      start_failed_ = false;
      stall.replacement = replacements_.replacement_of(stall.worker);
      return tell(stall, StallEvent::kReplaced, lasted);
    case Replacements::Start::kFailed:
      if (!start_failed_) tell(stall, StallEvent::kNotReplaced, lasted);
      start_failed_ = true;
      return;
    case Replacements::Start::kAllInUse:
      return;
  }
}

// --- What nobody else looks after --------------------------------------------------------------

// Tasks that nobody was woken for: in the ring, child stack or LIFO slot of a worker that is stuck,
// say.
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

// --- Seeing inside -----------------------------------------------------------------------------

Nanos Monitor::poll_lasts(unsigned worker) const {
  const Watch& watch = watches_[worker];
  const Nanos now = now_ns();
  const Nanos since = watch.since.load(std::memory_order_relaxed);
  return since == 0 || since > now ? 0 : now - since;
}

Nanos Monitor::stuck_for(unsigned worker) const {
  return watches_[worker].is_stall.load(std::memory_order_relaxed) ? poll_lasts(worker) : 0;
}

std::uint64_t Monitor::stalls(unsigned worker) const {
  return watches_[worker].stalls.load(std::memory_order_relaxed);
}

Nanos Monitor::longest_stall_ns(unsigned worker) const {
  return watches_[worker].longest_ns.load(std::memory_order_relaxed);
}

}  // namespace ekiden::runtime
