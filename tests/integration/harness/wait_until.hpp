// Waiting for something to become true. The deadline is long: it ends a test that has failed, and
// no test that works depends on it.
#pragma once

#include <chrono>
#include <thread>

namespace ekiden::integration {

inline constexpr std::chrono::milliseconds kLongTime{60'000};

// Asks `condition` every few milliseconds; its last answer.
template <class Condition>
bool wait_until(Condition&& condition, std::chrono::milliseconds limit = kLongTime) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace ekiden::integration
