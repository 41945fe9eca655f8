// Who is woken when: wakers, re-arming, other threads' wheels, storms.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "runtime/timer/timers.hpp"
#include "tests/unit/timer/counting_target.hpp"

using namespace ekiden::runtime;
using test::CountingTarget;
using test::task_waker;

namespace {

constexpr OwnerId kMe = 1;
constexpr Nanos kStart = 50 * kNanosPerSecond;
constexpr Nanos kLater = kStart + kNanosPerSecond;

struct Fixture {
  CountingTarget target;
  Timers timers{target, 4};

  Handle create() {
    Handle timer;
    REQUIRE(timers.create(kMe, nullptr, timer) == Status::kOk);
    return timer;
  }
  bool arm(Handle timer, Nanos deadline, unsigned wheel = 0) {
    bool lowered = false;
    REQUIRE(timers.arm(kMe, timer, deadline, wheel, lowered) == Status::kOk);
    return lowered;
  }
  Status poll(Handle timer, std::uint32_t waker) {
    return timers.poll(kMe, timer, task_waker(waker), 0);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "nobody is woken for a timer that nobody polled") {
  const Handle timer = create();
  arm(timer, kStart);
  CHECK(timers.advance(0, kLater) == 0);
  CHECK(poll(timer, 1) == Status::kOk);
  CHECK(target.total() == 0);
}

TEST_CASE_METHOD(Fixture, "the newest waker replaces the one before") {
  const Handle timer = create();
  arm(timer, kStart);
  CHECK(poll(timer, 1) == Status::kPending);
  CHECK(poll(timer, 2) == Status::kPending);
  CHECK(timers.advance(0, kLater) == 1);
  CHECK(target.of(1) == 0);
  CHECK(target.of(2) == 1);
}

TEST_CASE_METHOD(Fixture, "a waker stays through re-arming, whatever the wheel") {
  const unsigned wheel = GENERATE(0u, 3u);
  const Handle timer = create();
  arm(timer, kStart);
  CHECK(poll(timer, 1) == Status::kPending);
  arm(timer, kStart + 2 * kNanosPerSecond, wheel);
  CHECK(timers.advance_due(kLater) == 0);
  CHECK(timers.advance_due(kStart + 3 * kNanosPerSecond) == 1);
  CHECK(target.of(1) == 1);
}

TEST_CASE_METHOD(Fixture, "a cancel forgets the waker") {
  const Handle timer = create();
  arm(timer, kStart);
  CHECK(poll(timer, 1) == Status::kPending);
  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK(timers.advance_due(kLater) == 0);
  arm(timer, kStart);
  CHECK(timers.advance_due(kLater) == 0);
  CHECK(poll(timer, 1) == Status::kOk);
}

TEST_CASE_METHOD(Fixture, "a fired timer that is armed again fires again") {
  const Handle timer = create();
  for (unsigned round = 1; round <= 10; ++round) {
    arm(timer, kStart + round * kNanosPerMilli, round % 4);
    CHECK(poll(timer, 1) == Status::kPending);
    CHECK(timers.advance_due(kStart + (round + 1) * kNanosPerMilli) == 1);
    CHECK(poll(timer, 1) == Status::kOk);
    CHECK(target.of(1) == round);
  }
}

TEST_CASE_METHOD(Fixture, "arming lowers the wheel that it arms in, and says so") {
  const Handle a = create();
  const Handle b = create();
  CHECK(arm(a, kLater, 1));
  CHECK_FALSE(arm(b, kLater + kNanosPerMilli, 1));
  CHECK(arm(b, kLater - kNanosPerMilli, 1));
  CHECK(arm(b, kLater, 2));  // moved: the first in its new wheel
  CHECK(timers.next_deadline(2) < kLater + kTickNanos);
}

TEST_CASE_METHOD(Fixture, "a storm of due timers is fired whole, over many batches") {
  constexpr std::uint32_t kTimers = 1000;
  std::mt19937 random(1);
  std::vector<Handle> all;
  for (std::uint32_t i = 0; i < kTimers; ++i) {
    all.push_back(create());
    arm(all.back(), kStart + random() % (200 * kNanosPerMilli), 2);
    REQUIRE(poll(all.back(), i) == Status::kPending);
  }
  std::size_t woken = timers.advance(2, kStart + 100 * kNanosPerMilli);
  CHECK(woken > 0);
  CHECK(woken < kTimers);
  woken += timers.advance(2, kStart + kNanosPerSecond);
  CHECK(woken == kTimers);
  for (std::uint32_t i = 0; i < kTimers; ++i)
    REQUIRE(target.of(i) == 1);
  CHECK(timers.next_deadline() == kNever);
}

TEST_CASE("timers that are armed again, due, while they fire do not hold the turning thread") {
  // Arms the timer anew whenever it is woken, with a deadline that has passed.
  class Rearming final : public WakeTarget {
   public:
    void wake(Waker) noexcept override {
      bool lowered = false;
      timers->arm(kMe, timer, kStart, 0, lowered);
      timers->poll(kMe, timer, task_waker(1), 0);
      ++wakes;
    }
    Timers* timers = nullptr;
    Handle timer;
    std::size_t wakes = 0;
  };
  Rearming target;
  Timers timers(target, 1);
  target.timers = &timers;
  REQUIRE(timers.create(kMe, nullptr, target.timer) == Status::kOk);
  bool lowered = false;
  REQUIRE(timers.arm(kMe, target.timer, kStart, 0, lowered) == Status::kOk);
  REQUIRE(timers.poll(kMe, target.timer, task_waker(1), 0) == Status::kPending);

  CHECK(timers.advance(0, kLater) > 0);
  CHECK(timers.next_deadline() <= kLater);  // what is left is due
  CHECK(timers.advance(0, kLater) > 0);
}
