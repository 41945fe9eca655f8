// How often a worker looks up from its ring. Looks cost 20 to 300 ns and polls may take 10 ns or
// 10 ms, so the intervals are counted in polls and tuned to the polls' length.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/base/clock.hpp"
#include "runtime/observe/observe.hpp"

namespace ekiden::runtime {

// Owned and used by one worker.
class Pace {
 public:
  // The clock is read about this often: as late may a due timer be while short tasks run.
  static constexpr Nanos kClockPeriodNs = 10 * kNanosPerMicro;
  static constexpr unsigned kClockPollsMax = 256;
  // The global queue is looked at about this often.
  static constexpr Nanos kGlobalPeriodNs = 200 * kNanosPerMicro;
  static constexpr unsigned kGlobalPollsMin = 8;
  static constexpr unsigned kGlobalPollsMax = 8192;

  // global_interval: polls, 0 for tuned.
  explicit Pace(unsigned global_interval)
      : fixed_global_(global_interval), global_every_(global_interval ? global_interval : 61) {}

  // Once a poll. True: read the clock, and call clock_read unless it is only_sample().
  bool clock_due() { return ++polls_ >= look_at_; }
  // Behind clock_due. True: a poll that is timed alone begins or has ended, and that is all. Its
  // place moves from period to period, so that each poll is as likely to be it.
  bool only_sample() {
    if (polls_ >= clock_every_) return false;
    look_at_ = polls_ == sample_at_ ? sample_at_ + 1 : clock_every_;
    return true;
  }
  // The next poll is timed alone.
  bool sample_is_next() const { return polls_ == sample_at_; }
  // Polls are so long that each is timed.
  bool is_slow() const { return clock_every_ == 1; }
  // Once a poll. True: look at the global queue before the own ring.
  bool global_due() {
    if (++since_global_ < global_every_) return false;
    since_global_ = 0;
    return true;
  }

  // The time since the last reading, and the polls in it, set the intervals. The average moves by
  // a quarter at a time, so one long poll does not unsettle it.
  void clock_read(Nanos elapsed) {
    if (polls_ == 0) return;
    const Nanos sample = elapsed / polls_;
    average_poll_ns_ = std::max<Nanos>(1, (3 * average_poll_ns_ + sample) / 4);
    clock_every_ = static_cast<unsigned>(
        std::clamp<Nanos>(kClockPeriodNs / average_poll_ns_, 1, kClockPollsMax));
    if (fixed_global_ == 0) {
      global_every_ = static_cast<unsigned>(
          std::clamp<Nanos>(kGlobalPeriodNs / average_poll_ns_, kGlobalPollsMin, kGlobalPollsMax));
    }
    polls_ = 0;
    place_sample();
  }

 private:
  void place_sample() {
    look_at_ = clock_every_;
    if constexpr (!kObserve) return;
    // Steps of the golden section spread evenly over the period (Knuth, TAOCP 3, 6.4).
    spread_ += 0x9e3779b9u;
    sample_at_ = static_cast<unsigned>(std::uint64_t{spread_} * clock_every_ >> 32);
    look_at_ = std::max(1u, sample_at_);
  }

  const unsigned fixed_global_;
  unsigned polls_ = 0;
  unsigned since_global_ = 0;
  unsigned clock_every_ = 1;
  unsigned sample_at_ = 0;  // polls of this period before the one that is timed alone
  unsigned look_at_ = 1;
  std::uint32_t spread_ = 0;
  unsigned global_every_;
  Nanos average_poll_ns_ = kNanosPerMicro;
};

}  // namespace ekiden::runtime
