// Whether it pays to look again and again for a while before going to sleep.
//
// A wake-up from the kernel takes 5 to 50 us and costs the process about as much CPU as
// kSleepCostNs of looking. So looking that ends with a find within that time is free and several
// times as fast; looking in vain, or for long, is paid from an account that finds fill:
//
//   each time:  account += (kSleepCostNs where it found something) - time spent looking
//
// An empty account ends it: then the CPU time spent is that of sleeping each time. From then on
// only a try now and then, after a number of gaps that were short, and that number doubles with
// each try in vain. A gap that ends a sleep includes the kernel's wake-up, so "short" is generous.
// (The way in which KVM's halt_poll_ns grows and shrinks, with an account in place of factors.)
#pragma once

#include <algorithm>

#include "runtime/base/clock.hpp"

namespace ekiden::runtime {

// Owned and used by one worker.
class SpinGauge {
 public:
  // One look lasts at most this long.
  static constexpr Nanos kLookNsMax = 50 * kNanosPerMicro;
  static constexpr Nanos kSleepCostNs = 20 * kNanosPerMicro;
  static constexpr Nanos kAccountMaxNs = 200 * kNanosPerMicro;
  static constexpr Nanos kShortGapNs = 150 * kNanosPerMicro;
  static constexpr unsigned kTryAfterMin = 4;  // short gaps
  static constexpr unsigned kTryAfterMax = 4096;

  // Before a sleep. True: look first.
  bool should_look() {
    if (account_ns_ > 0) return true;
    if (short_gaps_ < try_after_) return false;
    short_gaps_ = 0;
    return true;
  }

  // It looked for `spent`; `found`: and need not sleep.
  void looked(Nanos spent, bool found) {
    const bool was_on = account_ns_ > 0;
    if (found && !was_on) account_ns_ = kAccountMaxNs / 4;
    const Nanos saved = found ? kSleepCostNs : 0;
    account_ns_ += static_cast<std::int64_t>(saved) - static_cast<std::int64_t>(spent);
    account_ns_ = std::min(account_ns_, static_cast<std::int64_t>(kAccountMaxNs));
    if (account_ns_ == static_cast<std::int64_t>(kAccountMaxNs)) try_after_ = kTryAfterMin;
    if (account_ns_ > 0) return;
    account_ns_ = 0;
    try_after_ = std::min(2 * try_after_, kTryAfterMax);
  }

  // Instead of looking it let others run on its CPU, and was away for `away`: a moment, and they
  // have done what it waits for; or long, and the CPU is wanted by somebody else. Then it had
  // better sleep: a sleeper is given the CPU again when it is woken, one that looks when it is its
  // turn.
  void was_away(Nanos away) {
    if (away <= kLookNsMax) return;
    account_ns_ = 0;
    try_after_ = kTryAfterMax;
  }

  // It slept without looking; `gap`: from going to sleep to being back.
  void slept(Nanos gap) { short_gaps_ = gap <= kShortGapNs ? short_gaps_ + 1 : 0; }

 private:
  std::int64_t account_ns_ = 0;
  unsigned short_gaps_ = 0;
  unsigned try_after_ = kTryAfterMin;
};

}  // namespace ekiden::runtime
