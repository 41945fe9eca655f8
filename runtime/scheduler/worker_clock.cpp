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

// Tasks of one poll between two that are stamped, where the last two stamps were no further apart.
constexpr unsigned kUnstamped = 15;
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
  add_relaxed<std::uint64_t>(charged_counters_->busy_ns, spent);
  add_relaxed<std::uint64_t>(counters_.busy_ns, spent);
  if constexpr (kObserve) observe_batch(*charged_type_, spent, record);
}

// What follows is the time of this type, and its owner's code.
void Worker::change_type(TaskType& type) {
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
  charged_counters_ = &counters_of(type);
  const OwnerId owner = type.owner.load(std::memory_order_relaxed);
  if (presence_->current.load(std::memory_order_relaxed) != owner) {
    // release: as when a scope ends, for we leave the owner who was there; see PresenceScope.
    presence_->current.store(owner, std::memory_order_release);
  }
  if constexpr (kObserve) {
    TypeTimes* times = type.times_of(id_);
    if (times != nullptr && times->life() != type.life) {
      times->begin_life(type.life, charged_counters_->polls.load(std::memory_order_relaxed));
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
  if (!TaskHeader::is_stamp(task.waits_on.load(std::memory_order_relaxed))) return;
  const bool sampled = std::exchange(sample_delay_, false);
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

// The time for the stamps of a turn of the reactor: the cached clock is from before the sleep, so
// the turn's first task reads it for all of them.
Nanos Worker::turn_now() {
  if (turn_stamp_ == 0) turn_stamp_ = scheduler_.clock().now_ns();
  return turn_stamp_;
}

// A poll that makes tasks runnable in quick succession reads the clock for one in sixteen. The
// others go without a stamp: an older one would pretend a delay where the poll pauses in between.
void Worker::stamp_exactly(TaskHeader& task) {
  const Nanos now = scheduler_.clock().now_ns();
  const bool quick = stamp_base_ == context_.now_ns && now - exact_stamp_ < kQuickStampsNs;
  unstamped_left_ = quick ? kUnstamped : 0;
  stamp_base_ = context_.now_ns;
  exact_stamp_ = now;
  task.note_runnable(now);
}

}  // namespace ekiden::runtime
