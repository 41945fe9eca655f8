#include "runtime/base/clock.hpp"

#include <ctime>

namespace ekiden::runtime {

namespace {

Nanos read(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<Nanos>(now.tv_sec) * kNanosPerSecond + static_cast<Nanos>(now.tv_nsec);
}

}  // namespace

Nanos SystemClock::now_ns() const noexcept { return read(CLOCK_MONOTONIC); }

const SystemClock& SystemClock::instance() noexcept {
  static const SystemClock clock;
  return clock;
}

}  // namespace ekiden::runtime
