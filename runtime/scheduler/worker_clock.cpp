// What a worker reads from the clock: what is due, to whom its time belongs, how long polls and
// delays were. See TypeTimes for what is observed and how.

#include <algorithm>
#include <utility>

#include "runtime/scheduler/scheduler.hpp"
#include "runtime/scheduler/worker.hpp"

namespace ekiden::runtime {

namespace {

// A type whose polls usually take that long: what they wake is stamped with the clock itself,
// because the cached one is as old as the poll. Below it a reading would cost too much.
constexpr Nanos kStampExactlyNs = 5 * kNanosPerMicro;

// Stamps within one poll that share a reading of the clock, where the last reading is no older.
constexpr unsigned kStampRepeats = 7;
constexpr Nanos kQuickStampsNs = 2 * kNanosPerMicro;

}  // namespace

void Worker::read_clock() {
  const Nanos now = scheduler_.clock().now_ns();
  if (pace_.only_sample()) {
    charge(now);
    sample_delay_ = pace_.sample_is_next();
    return;
  }
  pace_.clock_read(now - clock_read_at_);
  clock_read_at_ = now;
  charge(now);
  samples_left_ = kTurnSamples;
  long_delays_left_ = kLongDelays;
  sample_delay_ = pace_.sample_is_next();
  if (scheduler_.timers_.next_deadline(wheel_) <= now) {
    // What a timer wakes goes to the LIFO slot: it is late already.
    const std::size_t fired = scheduler_.timers_.advance(wheel_, now);
    add_relaxed<std::uint64_t>(counters_.timer_fires, fired);
    lifo_run_ = 0;
    // The timers are no part of the next poll.
    if constexpr (kObserve) charge(scheduler_.clock().now_ns());
  }
  if (now - events_seen_at_ >= kEventPeriodNs) look_at_events();
}

// The time since the last charge belongs to the type whose tasks ran: charged when the type
// changes, when the clock is read anyway, and before a search.
// `record`: else what was observed may wait.
void Worker::charge(Nanos now, bool record) {
  const Nanos spent = now - charged_until_;
  charged_until_ = context_.now_ns = now;
  if (charged_type_ == nullptr) return;
  add_relaxed<std::uint64_t>(counters_of(*charged_type_).busy_ns, spent);
  add_relaxed<std::uint64_t>(counters_.busy_ns, spent);
  if constexpr (kObserve) observe_batch(*charged_type_, spent, record);
}

// What follows is the time of this type.
void Worker::charge_to(TaskType& type) {
  if (&type == charged_type_) return;
  if (charged_type_ != nullptr) {
    // Types may take turns at every poll: then only some of them are looked at.
    const bool record = samples_left_ > 0;
    charge(scheduler_.clock().now_ns(), record);
    if (record) {
      --samples_left_;
      sample_delay_ = true;
    }
  }
  charged_type_ = &type;
  if constexpr (kObserve) {
    TypeTimes* times = type.times_of(id_);
    if (times != nullptr && times->life() != type.life) {
      times->begin_life(type.life, counters_of(type).polls.load(std::memory_order_relaxed));
    }
    stamps_exactly_ = pace_.is_slow() || (times != nullptr && times->usual_ns() > kStampExactlyNs);
  }
}

// --- Observing ---------------------------------------------------------------------------------

// The least of several, for what disturbs one makes it longer.
void Worker::measure_clock() {
  constexpr int kReadings = 64;
  const Clock& clock = scheduler_.clock();
  Nanos least = kNanosPerMicro;
  Nanos before = clock.now_ns();
  for (int i = 0; i < kReadings; ++i) {
    const Nanos now = clock.now_ns();
    least = std::min(least, now - before);
    before = now;
  }
  clock_cost_ns_ = least;
}

void Worker::observe_batch(TaskType& type, Nanos spent, bool record) {
  const std::uint64_t polls = counters_.polls.load(std::memory_order_relaxed);
  if (polls == polls_timed_) return;
  TypeTimes* times = type.times_of(id_);
  if (times != nullptr && !record && spent < TypeTimes::kOutlierNs) {
    times->defer(polls - polls_timed_, spent);
  } else if (times != nullptr) {
    times->batch(polls - polls_timed_, spent, clock_cost_ns_);
    stamps_exactly_ = pace_.is_slow() || times->usual_ns() > kStampExactlyNs;
  }
  polls_timed_ = polls;
}

void Worker::observe_delay(TaskHeader& task, TaskType& type, std::int64_t waited) {
  const bool sampled = std::exchange(sample_delay_, false);
  if (!TaskHeader::is_runnable_since(task.waits_on.load(std::memory_order_relaxed))) return;
  TypeTimes* times = type.times_of(id_);
  if (times == nullptr) return;
  const Nanos delay = static_cast<Nanos>(std::max<std::int64_t>(0, waited));
  if (delay >= TypeTimes::kLongDelayNs && long_delays_left_ != 0) {
    --long_delays_left_;
    times->delay_of_one(delay);
  } else if (sampled) {
    times->delay_of_all(delay, counters_of(type).polls.load(std::memory_order_relaxed));
  }
}

// The time for a stamp. Within a turn of the reactor the cached clock is from before the sleep, so
// the turn's first task reads it for all of them.
Nanos Worker::runnable_now() {
  if (quiet_) {
    if (turn_stamp_ == 0) turn_stamp_ = scheduler_.clock().now_ns();
    return turn_stamp_;
  }
  return stamps_exactly_ ? stamp_of_long_poll() : context_.now_ns;
}

// A poll that wakes tasks in quick succession reads the clock for one in eight. The others are
// stamped some microseconds too early, or up to a tick of the kernel where it pauses in between.
Nanos Worker::stamp_of_long_poll() {
  const Nanos tick = coarse_now_ns();
  if (stamp_base_ == context_.now_ns && stamp_repeats_ > 0 && stamp_tick_ == tick) {
    --stamp_repeats_;
    return exact_stamp_;
  }
  stamp_tick_ = tick;
  const Nanos now = scheduler_.clock().now_ns();
  const bool quick = stamp_base_ == context_.now_ns && now - exact_stamp_ < kQuickStampsNs;
  stamp_repeats_ = quick ? kStampRepeats : 0;
  stamp_base_ = context_.now_ns;
  exact_stamp_ = now;
  return now;
}

}  // namespace ekiden::runtime
