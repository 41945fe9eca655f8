// How long the polls of one task type last on one worker, and how long its tasks wait for theirs.
//
// Reading the clock costs as much as a short poll, so a worker does not read it for every one. It
// reads it at the ends of *batches*: polls of one type, one behind the other, on one worker. A
// batch ends when the type changes, when the worker runs out of work, and when its pace says so:
// for polls of 5 us and more after each, for shorter ones three times in about 10 us (a part, one
// poll at a place that moves from period to period, the rest).
//
//   batch of one poll       that poll, exactly
//   batch of several        the poll that was last timed alone stands for all of them, once; if
//                           there is none, their mean does. If the batch lasted over 20 us more
//                           than its polls usually do, one poll of it was that long, and is
//                           recorded as such; the others are recorded as usual.
//
// Where types take turns at every poll, only a few of these batches a period are recorded; the
// polls of the others are added up, and counted with the next one of their type that is (as long as
// it, unless that one is long). Batches over 20 us are always recorded.
//
// So `count` is the number of polls whose batch is over and recorded, `sum` the time that was
// charged to the type with them (what it is charged besides, as a drop behind a poll that is over,
// is in its busy time only), and everything over 20 us is there, polls that the kernel interrupted
// included. What it cannot tell: two long polls in one batch are one of their sum; among polls of a
// few µs that are rarer than one in some hundreds, how many there are is estimated (without bias:
// each poll of a period is as likely to be timed as any other). A measured time includes the way
// through the scheduler to that poll (some 20 ns); the cost of the clock itself is taken off.
//
// Delays: a task that becomes runnable is stamped with the clock of the moment, which on a worker
// that runs short polls is the worker's cached one (up to 10 us old; at the end of a long poll
// among short ones as old as that poll). Where a long poll makes many runnable in quick succession,
// one in sixteen is stamped, and speaks for the others. Delays of a millisecond and more are
// recorded one by one, four in a period: a burst of a few behind a stall is there whole. Of the
// others, those of the polls that the worker times anyway are recorded, each for all polls of its
// type since the last; so `count` may lag behind by what a worker polls in some periods, and where
// long delays are many, they have up to four polls a period too many.
//
// 2.6 KB, made when the type first runs on the worker; never freed before the runtime ends.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/observe/histogram.hpp"

namespace ekiden::runtime {

struct TypeTimesSnapshot {
  HistogramSnapshot poll;
  HistogramSnapshot delay;

  TypeTimesSnapshot& operator+=(const TypeTimesSnapshot& other) {
    poll += other.poll;
    delay += other.delay;
    return *this;
  }
  TypeTimesSnapshot& operator-=(const TypeTimesSnapshot& before) {
    poll -= before.poll;
    delay -= before.delay;
    return *this;
  }
};

class TypeTimes {
 public:
  // So much longer than usual, and a batch contains a long poll.
  static constexpr Nanos kOutlierNs = 20 * kNanosPerMicro;
  // From here on each delay counts for itself.
  static constexpr Nanos kLongDelayNs = kNanosPerMilli;

  // --- Owner only ------------------------------------------------------------------------------
  // The record belongs to another type from now on: what was to be recorded with the next batch is
  // forgotten. `polls`: of the record on this worker until now.
  void begin_life(std::uint32_t life, std::uint64_t polls) noexcept;
  std::uint32_t life() const { return life_; }
  // `polls` polls took `spent`, which one reading of the clock makes `clock_cost` too long.
  void batch(std::uint64_t polls, Nanos spent, Nanos clock_cost) noexcept;
  // The same for a batch that is short, to be recorded with the next one.
  void defer(std::uint64_t polls, Nanos spent) noexcept {
    deferred_polls_ += polls;
    deferred_ns_ += spent;
  }
  // A task of the type waited that long: it counts for itself.
  void delay_of_one(Nanos waited) noexcept;
  // It stands for all since the last. `polls`: of the type on this worker, up to this one.
  void delay_of_all(Nanos waited, std::uint64_t polls) noexcept;
  // What its polls usually take; 0 where nothing is known.
  Nanos usual_ns() const { return usual_ns_; }

  // --- Any thread ------------------------------------------------------------------------------
  void add_to(TypeTimesSnapshot& snapshot) const noexcept {
    poll_.add_to(snapshot.poll);
    delay_.add_to(snapshot.delay);
  }

 private:
  void learn(Nanos mean) noexcept;
  void record_deferred(Nanos as_long_as) noexcept;

  std::uint32_t life_ = 0;
  Nanos usual_ns_ = 0;
  Nanos sample_ns_ = kNever;  // the last poll timed alone, until it has stood for a batch
  std::uint64_t deferred_polls_ = 0;
  Nanos deferred_ns_ = 0;
  std::uint64_t delays_counted_ = 0;
  Histogram poll_;
  Histogram delay_;
};

}  // namespace ekiden::runtime
