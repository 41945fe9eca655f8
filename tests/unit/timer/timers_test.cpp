// Timers used by one thread: states, handles, owners, deadlines.
#include "runtime/timer/timers.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/timer/counting_target.hpp"

using namespace ekiden::runtime;
using test::CountingTarget;
using test::task_waker;

namespace {

constexpr OwnerId kMe = 7;
constexpr OwnerId kOther = 8;
constexpr Nanos kStart = 1000 * kNanosPerSecond;

struct Fixture {
  CountingTarget target;
  Timers timers{target, 3};
  SlotArena::Cache cache;

  Handle create(OwnerId owner = kMe) {
    Handle timer;
    REQUIRE(timers.create(owner, &cache, timer) == Status::kOk);
    return timer;
  }
  Handle armed(Nanos deadline, unsigned wheel = 0, OwnerId owner = kMe) {
    const Handle timer = create(owner);
    bool lowered = false;
    REQUIRE(timers.arm(owner, timer, deadline, wheel, lowered) == Status::kOk);
    return timer;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a timer goes from idle over armed to fired and back") {
  const Handle timer = create();
  const Waker waker = task_waker(1);
  bool lowered = false;
  CHECK(timer.kind() == HandleKind::kTimer);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kWrongState);

  CHECK(timers.arm(kMe, timer, kStart + kNanosPerMilli, 0, lowered) == Status::kOk);
  CHECK(lowered);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kPending);
  CHECK(timers.advance(0, kStart + kNanosPerMilli - 1) == 0);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kPending);
  CHECK(timers.advance(0, kStart + kNanosPerMilli + kTickNanos) == 1);
  CHECK(target.of(1) == 1);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kOk);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kOk);  // stays fired

  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kWrongState);
  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
  CHECK(timers.poll(kMe, timer, waker, kStart) == Status::kStale);
  CHECK(target.total() == 1);
}

TEST_CASE_METHOD(Fixture, "start is create, arm and poll in one, in any wheel") {
  // The slot's last home, and where it is started.
  const unsigned before = GENERATE(0u, 1u, 2u);
  const unsigned wheel = GENERATE(0u, 1u, 2u);
  const Nanos deadline = kStart + kNanosPerMilli;
  const Handle last = armed(kStart, before);
  CHECK(timers.close(kMe, last, &cache) == Status::kOk);
  timers.settle();
  Handle timer;
  bool lowered = false;
  const Timers::Start how{deadline, task_waker(1), wheel, kStart};
  CHECK(timers.start(kMe, &cache, how, timer, lowered) == Status::kPending);
  CHECK(lowered);
  CHECK(timer.index() == last.index());
  CHECK(timers.poll(kMe, last, task_waker(2), kStart) == Status::kStale);
  CHECK(timers.poll(kOther, timer, task_waker(2), kStart) == Status::kForeign);
  CHECK(timers.next_deadline(wheel) >= deadline);
  CHECK(timers.next_deadline(wheel) < deadline + kTickNanos);
  CHECK(timers.count(kMe) == 1);

  SECTION("it fires") {
    CHECK(timers.advance_due(deadline + kTickNanos) == 1);
    CHECK(target.of(1) == 1);
    CHECK(timers.poll(kMe, timer, task_waker(1), kStart) == Status::kOk);
  }
  SECTION("it is armed again elsewhere") {
    CHECK(timers.arm(kMe, timer, deadline + kNanosPerSecond, 1, lowered) == Status::kOk);
    CHECK(timers.advance_due(deadline + kTickNanos) == 0);
    CHECK(timers.advance_due(deadline + 2 * kNanosPerSecond) == 1);
    CHECK(target.of(1) == 1);
  }
  SECTION("it is cancelled") {
    CHECK(timers.cancel(kMe, timer) == Status::kOk);
    CHECK(timers.advance_due(deadline + kTickNanos) == 0);
    CHECK(timers.poll(kMe, timer, task_waker(1), kStart) == Status::kWrongState);
  }
  CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
  CHECK(timers.settle() == kNever);
  CHECK(timers.count(kMe) == 0);
}

TEST_CASE_METHOD(Fixture, "a start at a deadline that has come is fired, and woken by nobody") {
  Handle timer;
  bool lowered = false;
  const Timers::Start how{kStart, task_waker(1), 1, kStart};
  CHECK(timers.start(kMe, &cache, how, timer, lowered) == Status::kOk);
  CHECK_FALSE(lowered);
  CHECK(timers.settle() == kNever);
  CHECK(timers.poll(kMe, timer, task_waker(1), 0) == Status::kOk);
  CHECK(timers.advance_due(kStart + kNanosPerSecond) == 0);
  CHECK(target.total() == 0);
  CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
}

TEST_CASE_METHOD(Fixture, "a timer never fires early and at most a tick late") {
  for (const Nanos after : {Nanos{0}, Nanos{1}, kTickNanos - 1, kTickNanos, kTickNanos + 1,
                            kNanosPerMilli, kNanosPerSecond, 3600 * kNanosPerSecond}) {
    const Nanos deadline = kStart + after;
    const Handle timer = armed(deadline);
    CHECK(timers.poll(kMe, timer, task_waker(1), 0) == Status::kPending);
    CHECK(timers.next_deadline() >= deadline);
    CHECK(timers.next_deadline() < deadline + kTickNanos);
    CHECK(timers.advance(0, deadline - 1) == 0);
    CHECK(timers.advance(0, deadline + kTickNanos - 1) == 1);
    CHECK(timers.next_deadline() == kNever);
    CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
  }
}

TEST_CASE_METHOD(Fixture,
                 "a poll past the deadline is answered without a turn, and not woken too") {
  const Handle timer = armed(kStart + 10);
  CHECK(timers.poll(kMe, timer, task_waker(1), kStart + 9) == Status::kPending);
  CHECK(timers.poll(kMe, timer, task_waker(1), kStart + 10) == Status::kOk);
  CHECK(timers.advance(0, kStart + kNanosPerSecond) == 0);
  CHECK(target.total() == 0);
  CHECK(timers.poll(kMe, timer, task_waker(1), 0) == Status::kOk);
}

TEST_CASE_METHOD(Fixture, "a deadline in the past is due at once") {
  armed(kStart + 5 * kNanosPerSecond);
  timers.advance(0, kStart + 6 * kNanosPerSecond);
  const Handle timer = armed(kStart);
  CHECK(timers.poll(kMe, timer, task_waker(2), 0) == Status::kPending);
  CHECK(timers.next_deadline() <= kStart + kTickNanos);
  CHECK(timers.advance(0, kStart + 6 * kNanosPerSecond) == 1);
}

TEST_CASE_METHOD(Fixture, "a deadline that never comes can be armed, cancelled and closed") {
  const Handle timer = create();
  bool lowered = true;
  CHECK(timers.arm(kMe, timer, kNever, 1, lowered) == Status::kOk);
  CHECK_FALSE(lowered);
  CHECK(timers.next_deadline() == kNever);
  CHECK(timers.poll(kMe, timer, task_waker(1), kNever - 1) == Status::kPending);
  CHECK(timers.advance(1, kNever - 1) == 0);
  CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
}

TEST_CASE_METHOD(Fixture, "handles that are wrong are refused by name") {
  const Handle timer = armed(kStart);
  const Handle closed = create();
  REQUIRE(timers.close(kMe, closed, &cache) == Status::kOk);
  struct Row {
    const char* what;
    OwnerId owner;
    Handle handle;
    Status expected;
  };
  const std::vector<Row> rows = {
      {"null", kMe, Handle(), Status::kInvalid},
      {"a task", kMe, Handle(HandleKind::kTask, timer.index(), 1), Status::kInvalid},
      {"generation 0", kMe, Handle(HandleKind::kTimer, timer.index(), 0), Status::kInvalid},
      {"never made", kMe, Handle(HandleKind::kTimer, Handle::kIndexMask, 1), Status::kStale},
      {"to come", kMe, Handle(HandleKind::kTimer, timer.index(), 99), Status::kStale},
      {"closed", kMe, closed, Status::kStale},
      {"closed, somebody else's", kOther, closed, Status::kStale},
      {"somebody else's", kOther, timer, Status::kForeign},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    bool lowered = true;
    CHECK(timers.arm(row.owner, row.handle, kStart, 0, lowered) == row.expected);
    CHECK_FALSE(lowered);
    CHECK(timers.poll(row.owner, row.handle, task_waker(1), 0) == row.expected);
    CHECK(timers.cancel(row.owner, row.handle) == row.expected);
    CHECK(timers.close(row.owner, row.handle, &cache) == row.expected);
  }
  Handle none;
  CHECK(timers.create(kMaxOwners, &cache, none) == Status::kInvalid);
  CHECK(timers.close(kMe, timer, &cache) == Status::kOk);
}

TEST_CASE_METHOD(Fixture, "a slot that is used again has another generation") {
  const Handle first = armed(kStart + kNanosPerSecond);
  REQUIRE(timers.close(kMe, first, &cache) == Status::kOk);
  const Handle second = create(kOther);
  REQUIRE(second.index() == first.index());
  CHECK(second.generation() == first.generation() + 1);
  CHECK(timers.poll(kOther, second, task_waker(1), kStart) == Status::kWrongState);
  CHECK(timers.close(kMe, first, &cache) == Status::kStale);
  CHECK(timers.close(kOther, second, &cache) == Status::kOk);
}

TEST_CASE("an identity wears out before its generation wraps") {
  TimerIdentity identity;
  CHECK_FALSE(identity.is_held());
  identity = identity.taken_by(kMe);
  CHECK(identity.generation() == 1);
  CHECK(identity.owner() == kMe);
  CHECK(identity.check(kMe, 1) == Status::kOk);
  CHECK(identity.check(kMe, 2) == Status::kStale);
  CHECK(identity.check(kOther, 1) == Status::kForeign);
  CHECK(identity.freed().check(kMe, 1) == Status::kStale);
  CHECK(identity.freed().taken_by(kMaxOwners - 1).owner() == kMaxOwners - 1);
  CHECK(identity.freed().taken_by(kOther).generation() == 2);
  CHECK_FALSE(identity.is_worn_out());
}

TEST_CASE_METHOD(Fixture, "an owner's timers are counted and closed, and nobody else's") {
  for (unsigned i = 0; i < 100; ++i)
    armed(kStart + i * kNanosPerSecond, i % 3);
  create();
  const Handle other = armed(kStart + kNanosPerSecond, 1, kOther);
  REQUIRE(timers.poll(kOther, other, task_waker(3), kStart) == Status::kPending);
  CHECK(timers.count(kMe) == 101);
  CHECK(timers.count(kOther) == 1);

  CHECK(timers.close_all(kMe) == 101);
  CHECK(timers.count(kMe) == 0);
  CHECK(timers.close_all(kMe) == 0);
  CHECK(timers.count(kOther) == 1);
  CHECK(timers.advance_due(kStart + 200 * kNanosPerSecond) == 1);
  CHECK(target.of(3) == 1);
  CHECK(target.total() == 1);
}

TEST_CASE_METHOD(Fixture, "a timer can be described by anybody, and old handles safely") {
  Nanos deadline = 0;
  const Handle timer = armed(kStart + 5, 2);
  CHECK(timers.describe(timer, deadline));
  CHECK(deadline == kStart + 5);
  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK_FALSE(timers.describe(timer, deadline));
  CHECK(timers.close(kMe, timer, nullptr) == Status::kOk);
  CHECK_FALSE(timers.describe(timer, deadline));
  CHECK_FALSE(timers.describe(Handle(HandleKind::kTimer, Handle::kIndexMask, 1), deadline));
  CHECK_FALSE(timers.describe(Handle(), deadline));
}

TEST_CASE_METHOD(Fixture, "the next deadline is the earliest, and a cancelled one is settled") {
  CHECK(timers.next_deadline() == kNever);
  CHECK(timers.settle() == kNever);
  const Handle late = armed(kStart + 100 * kTickNanos, 0);
  const Handle early = armed(kStart + 10 * kTickNanos, 2);
  const Nanos late_at = timers.next_deadline(0);
  const Nanos early_at = timers.next_deadline(2);
  CHECK(timers.next_deadline(1) == kNever);
  CHECK(timers.next_deadline() == early_at);

  CHECK(timers.cancel(kMe, early) == Status::kOk);
  CHECK(timers.next_deadline() <= late_at);  // may be early, never late
  CHECK(timers.settle() == late_at);
  CHECK(timers.next_deadline(2) == kNever);

  bool lowered = false;
  CHECK(timers.arm(kMe, early, kStart + 20 * kTickNanos, 0, lowered) == Status::kOk);
  CHECK(lowered);
  CHECK(timers.arm(kMe, early, kStart + 200 * kTickNanos, 0, lowered) == Status::kOk);
  CHECK_FALSE(lowered);
  CHECK(timers.settle() == late_at);
  CHECK(timers.close(kMe, late, &cache) == Status::kOk);
  CHECK(timers.close(kMe, early, &cache) == Status::kOk);
  CHECK(timers.settle() == kNever);
}

TEST_CASE_METHOD(Fixture, "a cancelled deadline that passes costs one look, not one for ever") {
  const Handle timer = armed(kStart);
  const Handle far = armed(kStart + 3600 * kNanosPerSecond);
  CHECK(timers.cancel(kMe, timer) == Status::kOk);
  CHECK(timers.advance_due(kStart + kNanosPerSecond) == 0);
  CHECK(timers.next_deadline() >= kStart + 3600 * kNanosPerSecond);
  CHECK(timers.close(kMe, far, &cache) == Status::kOk);
}
