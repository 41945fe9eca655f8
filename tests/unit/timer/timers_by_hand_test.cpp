// Timers of a clock that is turned by hand: nobody turns the wheels, and the nanosecond counts.
#include <catch2/catch.hpp>
#include <vector>

#include "runtime/timer/timers.hpp"
#include "tests/unit/timer/counting_target.hpp"

using namespace ekiden::runtime;
using test::CountingTarget;
using test::task_waker;

namespace {

constexpr OwnerId kMe = 7;
constexpr Nanos kStart = 1000 * kNanosPerSecond;

struct Fixture {
  CountingTarget target;
  Timers timers{target, 3, Timers::Turning::kByHand};

  Handle armed(Nanos deadline, unsigned wheel = 0) {
    Handle timer;
    bool lowered = true;
    REQUIRE(timers.create(kMe, nullptr, timer) == Status::kOk);
    REQUIRE(timers.arm(kMe, timer, deadline, wheel, lowered) == Status::kOk);
    CHECK_FALSE(lowered);
    return timer;
  }
  Status poll(Handle timer, std::uint32_t waker, Nanos now) {
    return timers.poll(kMe, timer, task_waker(waker), now);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "by hand a timer fires at its deadline, to the nanosecond") {
  const Handle timer = armed(kStart + 12'345);
  CHECK(timers.earliest() == kStart + 12'345);
  CHECK(poll(timer, 1, kStart) == Status::kPending);
  CHECK(timers.fire_due(kStart + 12'344) == 0);
  CHECK(target.total() == 0);
  CHECK(timers.fire_due(kStart + 12'345) == 1);
  CHECK(target.of(1) == 1);
  CHECK(poll(timer, 1, kStart) == Status::kOk);
  CHECK(timers.earliest() == kNever);
  CHECK(timers.fire_due(kNever) == 0);
  CHECK(target.total() == 1);
}

TEST_CASE_METHOD(Fixture, "by hand nobody is told when to turn, and turning does nothing") {
  const Handle timer = armed(kStart);
  CHECK(poll(timer, 1, kStart - 1) == Status::kPending);
  CHECK(timers.next_deadline() == kNever);
  CHECK(timers.settle() == kNever);
  CHECK(timers.advance_due(kStart + kNanosPerSecond) == 0);
  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK(timers.settle() == kNever);
  CHECK(timers.earliest() == kNever);
}

TEST_CASE_METHOD(Fixture, "by hand timers of all wheels count, and those that are gone do not") {
  const Handle late = armed(kStart + 300, 0);
  const Handle moved = armed(kStart + 100, 1);
  const Handle closed = armed(kStart + 50, 2);
  CHECK(timers.earliest() == kStart + 50);
  CHECK(timers.close(kMe, closed, nullptr) == Status::kOk);
  CHECK(timers.earliest() == kStart + 100);
  bool lowered = true;
  CHECK(timers.arm(kMe, moved, kStart + 400, 2, lowered) == Status::kOk);
  CHECK_FALSE(lowered);
  CHECK(timers.earliest() == kStart + 300);
  CHECK(timers.fire_due(kStart + 350) == 1);
  CHECK(poll(late, 1, kStart) == Status::kOk);
  CHECK(poll(moved, 2, kStart) == Status::kPending);
  // Armed anew after it has fired.
  CHECK(timers.arm(kMe, late, kStart + 360, 0, lowered) == Status::kOk);
  CHECK(timers.fire_due(kStart + 1000) == 2);
  CHECK(target.total() == 1);
}

TEST_CASE_METHOD(Fixture, "by hand an hour moves no entry of a wheel, and re-arming still works") {
  const Handle timer = armed(kStart);
  Nanos now = kStart;
  bool lowered = false;
  for (int i = 0; i < 1000; ++i) {
    CHECK(timers.fire_due(now) == 1);
    now += 3'600 * kNanosPerSecond + 1;
    REQUIRE(timers.arm(kMe, timer, now, static_cast<unsigned>(i % 3), lowered) == Status::kOk);
    CHECK(timers.fire_due(now - 1) == 0);
  }
}
