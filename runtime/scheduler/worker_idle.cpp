// Searching for work elsewhere, and sleeping when there is none.

#include <thread>

#include "runtime/scheduler/scheduler.hpp"
#include "runtime/scheduler/worker.hpp"

namespace ekiden::runtime {

// --- Searching ---------------------------------------------------------------------------------

TaskHeader* Worker::search() {
  const Nanos now = scheduler_.clock().now_ns();
  charge(now);
  charged_type_ = nullptr;
  // What follows is no work: the pace is not to count it in.
  pace_.clock_read(now - clock_read_at_);
  clock_read_at_ = now;
  current_.store(0, std::memory_order_release);
  if (!searching_) {
    if (!scheduler_.idle_.try_begin_search()) return nullptr;
    searching_ = true;
  }
  phase_.store(Phase::kSearching, std::memory_order_relaxed);
  TaskHeader* task = steal_round();
  if (task == nullptr) task = take_global();
  if (task != nullptr) begin_work(scheduler_.clock().now_ns());
  return task;
}

// Every other worker once, from a random one on.
TaskHeader* Worker::steal_round() {
  const std::size_t count = scheduler_.workers_.size();
  const std::size_t start = next_random() % count;
  for (std::size_t i = 0; i < count; ++i) {
    Worker& victim = *scheduler_.workers_[(start + i) % count];
    if (&victim == this) continue;
    std::size_t moved = 0;
    TaskHeader* task = ring_.steal_from(victim.ring_, moved);
    if (task == nullptr) {
      task = victim.children_.steal();
      if (task == nullptr) task = steal_lifo(victim);
      moved = task != nullptr ? 1 : 0;
    }
    if (task == nullptr) continue;
    add_relaxed<std::uint64_t>(counters_.steals, 1);
    add_relaxed<std::uint64_t>(counters_.stolen_tasks, moved);
    max_relaxed<std::uint64_t>(counters_.local_high_water, moved - 1);
    return task;
  }
  return nullptr;
}

// The victim will run the task in its LIFO slot next and has its memory warm, so the slot is left
// alone until the monitor has seen that the poll before it does not end.
TaskHeader* Worker::steal_lifo(Worker& victim) {
  return victim.is_stuck() ? victim.lifo_.take() : nullptr;
}

void Worker::stop_searching() {
  searching_ = false;
  phase_.store(Phase::kRunning, std::memory_order_relaxed);
  // Whoever pushed meanwhile may have relied on this search. It pushed, then saw us search; we
  // stop, then look: what it pushed is seen here, or it saw that nobody searches.
  if (scheduler_.idle_.end_search() && scheduler_.work_pending()) scheduler_.notify_one();
}

std::uint32_t Worker::next_random() {
  // xorshift32 (Marsaglia 2003): spreads thieves, nothing more.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

// --- Sleeping ----------------------------------------------------------------------------------

void Worker::sleep() {
  // Nothing of a plugin runs here any more; an unload may be waiting to see that.
  presence_->current.store(presence::kNobody, std::memory_order_release);
  const bool was_searching = searching_;
  searching_ = false;
  const bool must_look = scheduler_.idle_.sleep(id_, was_searching);
  // The last look: a task pushed before we counted as asleep, or the end of everything.
  if (leaves_.load(std::memory_order_seq_cst) || (must_look && scheduler_.work_pending())) {
    const bool woken = come_back();
    // It searches again: whoever has pushed meanwhile may have relied on the search that has ended
    // above, and only one that searches wakes another when it has found work and more is there.
    return after_sleep(woken || scheduler_.idle_.try_begin_search());
  }
  idle_since_ = clock_read_at_;
  if (scheduler_.reactor_.try_hold()) {
    sleep_in_reactor();
  } else {
    sleep_on_own_word();
  }
}

void Worker::sleep_on_own_word() {
  phase_.store(Phase::kAsleep, std::memory_order_relaxed);
  look_at_own_word();
  if (!parker_.is_notified()) add_relaxed<std::uint64_t>(counters_.parks, 1);
  wait_for_notification();
  // Whoever notified has taken us out of the idle set.
  after_sleep(/*woken=*/true);
}

// The holder of the reactor blocks in it until an event, the earliest timer of all workers, or an
// interrupt.
void Worker::sleep_in_reactor() {
  phase_.store(Phase::kReactor, std::memory_order_relaxed);
  std::size_t wakes = look_in_reactor();
  if (wakes == 0 && parker_.prepare(Parker::Place::kReactor)) {
    add_relaxed<std::uint64_t>(counters_.parks, 1);
    wakes = turn_reactor(Wait::kBlock);
  }
  // What the turn woke lies in the ring, in sight of thieves, while we still count as asleep.
  const bool woken = come_back();
  scheduler_.reactor_.let_go();
  after_sleep(woken);
  if (!woken && should_hand_on(wakes)) {
    if (const auto other = scheduler_.idle_.take_one()) scheduler_.unpark(*other);
  }
}

// --- Looking before the sleep ------------------------------------------------------------------

// Only where everybody is idle: while another worker runs it serves itself, and its CPU, or that
// of whoever sends us work, is not to be taken from it. And one of them at a time. A worker that
// looks counts as asleep, and is notified and taken from the sleepers like any other; it is found
// awake, so that costs no system call.
bool Worker::begin_look() {
  if (!scheduler_.may_look_ || !spin_gauge_.should_look()) return false;
  if (scheduler_.idle_.sleepers() < scheduler_.config().workers) return false;
  // relaxed: it guards nothing but the CPU.
  return !scheduler_.somebody_looks_.exchange(true, std::memory_order_relaxed);
}

void Worker::end_look(Nanos limit, bool found) {
  scheduler_.somebody_looks_.store(false, std::memory_order_relaxed);
  if (limit != 0) spin_gauge_.looked(scheduler_.clock().now_ns() - idle_since_, found);
  idle_since_ = 0;
}

// How long a look may last. Who we wait for may be waiting for this CPU, so it is offered first; if
// somebody took it, one look is enough.
Nanos Worker::time_to_look() {
  const Nanos before = scheduler_.clock().now_ns();
  std::this_thread::yield();
  const Nanos away = scheduler_.clock().now_ns() - before;
  if (away <= kOfferTakenNs) return SpinGauge::kLookNsMax;
  spin_gauge_.was_away(away);
  return 0;
}

// Returns how many tasks it woke.
std::size_t Worker::look_in_reactor() {
  if (!begin_look()) return 0;
  const Nanos limit = time_to_look();
  std::size_t wakes = 0;
  bool found = false;
  for (unsigned looks = 0; !found && looks < kLooksMax; ++looks) {
    wakes = turn_reactor(Wait::kGlance);
    found = wakes != 0 || parker_.is_notified();
    if (scheduler_.clock().now_ns() - idle_since_ >= limit) break;
  }
  end_look(limit, found);
  return wakes;
}

void Worker::look_at_own_word() {
  if (!begin_look()) return;
  constexpr int kPauses = 10;  // between two looks at the clock
  const Nanos limit = time_to_look();
  bool found = parker_.is_notified();
  for (unsigned looks = 0; !found && looks < kLooksMax; ++looks) {
    if (scheduler_.clock().now_ns() - idle_since_ >= limit) break;
    for (int i = 0; i < kPauses && !found; ++i) {
      cpu_relax();
      found = parker_.is_notified();
    }
  }
  end_look(limit, found);
}

// --- Coming back -------------------------------------------------------------------------------

// Leaves the idle set. True: somebody else had taken us out, and its notification is consumed, so
// that a later sleep does not take it for its own.
bool Worker::come_back() {
  if (scheduler_.idle_.leave(id_)) {
    parker_.finish();
    return false;
  }
  if (!parker_.finish()) wait_for_notification();
  return true;
}

void Worker::wait_for_notification() {
  if (parker_.prepare(Parker::Place::kOwnWord)) parker_.wait();
  parker_.finish();
}

// One turn of the reactor and of all due timers, by the holder. Returns how many tasks it woke.
std::size_t Worker::turn_reactor(Wait wait) {
  const bool block = wait == Wait::kBlock;
  Timers& timers = scheduler_.timers_;
  if (block) arm_deadline();
  quiet_ = true;
  turn_stamp_ = 0;
  last_woken_ = nullptr;
  const std::size_t events = scheduler_.reactor_.turn(wait, kEventsPerTurn);
  if (block) scheduler_.reactor_sleeper_.store(false, std::memory_order_relaxed);
  const Nanos now = scheduler_.clock().now_ns();
  const std::size_t fired = timers.advance_due(now);
  quiet_ = false;
  add_relaxed<std::uint64_t>(scheduler_.reactor_turns_, 1);
  add_relaxed<std::uint64_t>(counters_.io_events, events);
  add_relaxed<std::uint64_t>(counters_.timer_fires, fired);
  return events + fired;
}

// Tells the reactor the earliest timer of all. Announce first, look second: whoever arms an earlier
// one does it the other way round. The second look is for one that came between the first and the
// arming, whose own, earlier arming we have just overwritten.
void Worker::arm_deadline() {
  scheduler_.reactor_sleeper_.store(true, std::memory_order_seq_cst);
  const Nanos deadline = scheduler_.timers_.settle();
  scheduler_.reactor_.arm(deadline);
  const Nanos now_earliest = scheduler_.timers_.next_deadline();
  if (now_earliest < deadline) scheduler_.reactor_.arm_no_later_than(now_earliest);
}

void Worker::after_sleep(bool woken) {
  searching_ = woken;
  phase_.store(woken ? Phase::kSearching : Phase::kRunning, std::memory_order_relaxed);
  begin_work(scheduler_.clock().now_ns());
  events_seen_at_ = context_.now_ns;
  if (idle_since_ != 0) spin_gauge_.slept(context_.now_ns - idle_since_);
  idle_since_ = 0;
  scheduler_.monitor_.worker_awake();
}

// From here on time is work again.
void Worker::begin_work(Nanos now) {
  charged_until_ = clock_read_at_ = context_.now_ns = now;
  samples_left_ = kTurnSamples;
  long_delays_left_ = kLongDelays;
  sample_delay_ = true;
}

// Another worker is woken, for the reactor and for a share of the work, only where what this turn
// made runnable is worth a wake-up. Else this worker is back there sooner. What it takes longer
// than it used to is found by the monitor.
bool Worker::should_hand_on(std::size_t wakes) {
  if (wakes == 0 || last_woken_ == nullptr) return false;
  const TypeCounters& counters = counters_of(*last_woken_);
  const std::uint64_t polls = counters.polls.load(std::memory_order_relaxed);
  const std::uint64_t busy = counters.busy_ns.load(std::memory_order_relaxed);
  if (wakes == 1) return polls > 0 && busy / polls > kLongPollNs;
  return polls == 0 || wakes * (busy / polls) > kWorthWakeNs;
}

}  // namespace ekiden::runtime
