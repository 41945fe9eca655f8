// How long, and with which dice. EKIDEN_STRESS_SECONDS and EKIDEN_STRESS_SEED in the environment
// change both; the seed is printed, so that a run can be tried again. Threads are not replayed by
// it, only what they try to do.
#pragma once

#include <chrono>
#include <cstdint>

namespace ekiden::runtime::stress {

// For all tests of the program together.
std::chrono::milliseconds total_time();
std::uint64_t seed();

// The share of one test, as a moment to stop at.
class Deadline {
 public:
  explicit Deadline(double share);
  bool passed() const { return std::chrono::steady_clock::now() >= at_; }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace ekiden::runtime::stress
