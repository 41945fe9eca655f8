// What went wrong, counted by any thread and asserted by the main one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>

namespace ekiden::runtime::stress {

enum class Fault : std::size_t {
  kTwoPollsAtOnce,
  kPolledAfterDrop,
  kDroppedTwice,
  kDroppedDuringPoll,
  kDroppedBeforeItsChildren,
  kTimerEarly,
  kWrongResult,
  kWrongBytes,
  kUnexpectedStatus,
  kCodeRunsAfterUnload,
  kCount,
};

inline constexpr std::array<const char*, static_cast<std::size_t>(Fault::kCount)> kFaultNames = {
    "two polls at once",
    "polled after the drop",
    "dropped twice",
    "dropped during a poll",
    "dropped before its children",
    "a timer fired early",
    "wrong result",
    "wrong bytes",
    "unexpected status",
    "code runs after the unload",
};

class Findings {
 public:
  void add(Fault fault) { counts_[static_cast<std::size_t>(fault)].fetch_add(1); }
  void add_if(bool wrong, Fault fault) {
    if (wrong) add(fault);
  }
  // Empty when nothing was found.
  std::string text() const {
    std::string result;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (const int count = counts_[i].load()) {
        result += std::string(kFaultNames[i]) + ": " + std::to_string(count) + "; ";
      }
    }
    return result;
  }

 private:
  std::array<std::atomic<int>, static_cast<std::size_t>(Fault::kCount)> counts_{};
};

}  // namespace ekiden::runtime::stress
