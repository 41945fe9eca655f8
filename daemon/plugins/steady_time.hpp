// The runtime's nanoseconds as a time point that condition variables take: both are
// CLOCK_MONOTONIC.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "runtime/base/clock.hpp"

namespace ekiden::daemon {

inline std::chrono::steady_clock::time_point steady_time(runtime::Nanos at_ns) {
  constexpr auto kMax = static_cast<runtime::Nanos>(std::numeric_limits<std::int64_t>::max());
  return std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(at_ns, kMax))));
}

inline runtime::Nanos steady_now_ns() { return runtime::SystemClock::instance().now_ns(); }

// "1.2 s", "350 ms": for messages.
std::string duration_text(runtime::Nanos duration_ns);

}  // namespace ekiden::daemon
