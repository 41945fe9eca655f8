#include "runtime/base/clock.hpp"

#include <catch2/catch.hpp>
#include <chrono>

namespace ekiden::runtime::test {
namespace {

TEST_CASE("the system clock is the kernel's monotonic one and does not go back") {
  const SystemClock& clock = SystemClock::instance();
  Nanos last = clock.now_ns();
  for (int i = 0; i < 10'000; ++i) {
    const Nanos now = clock.now_ns();
    REQUIRE(now >= last);
    last = now;
  }
  // steady_clock of libstdc++ is CLOCK_MONOTONIC: deadlines of both can be mixed.
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto as_steady = static_cast<Nanos>(std::chrono::nanoseconds(steady).count());
  CHECK(as_steady >= last);
  CHECK(as_steady - last < 60 * kNanosPerSecond);
}

TEST_CASE("a manual clock stands still until it is turned") {
  ManualClock clock(5);
  const Clock& as_clock = clock;
  CHECK(as_clock.now_ns() == 5);
  CHECK(as_clock.now_ns() == 5);
  clock.advance(10);
  CHECK(as_clock.now_ns() == 15);
  CHECK(ManualClock().now_ns() == kNanosPerSecond);  // not 0, which often means "none"
}

TEST_CASE("sums of times stop at never") {
  CHECK(saturating_add(1, 2) == 3);
  CHECK(saturating_add(kNever, 0) == kNever);
  CHECK(saturating_add(kNever - 1, 1) == kNever);
  CHECK(saturating_add(kNever - 1, 2) == kNever);
  CHECK(saturating_add(kNever, kNever) == kNever);
  CHECK(saturating_add(0, kNever) == kNever);
}

}  // namespace
}  // namespace ekiden::runtime::test
