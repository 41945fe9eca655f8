// ekd.time/1.
#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

TEST_CASE("a task sleeps on a timer, and never too short", "[time]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "sleeper");
  const ekd_time_api& time = *plugin.api.time;
  ekd_timer timer = 0;
  REQUIRE(time.create(plugin.ctx, &timer) == EKD_OK);
  std::uint64_t deadline = 0;
  std::uint64_t woken_at = 0;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    if (deadline == 0) {
      deadline = time.now_ns(plugin.ctx) + 3 * EKD_NS_PER_MS;
      if (time.arm(plugin.ctx, timer, deadline) != EKD_OK) return EKD_FAILED;
    }
    const std::int32_t code = time.poll(plugin.ctx, timer, cx->waker);
    if (code == EKD_READY) woken_at = time.now_ns(plugin.ctx);
    return code;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(woken_at >= deadline);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_READY);  // until it is armed again
  CHECK(time.close(plugin.ctx, timer) == EKD_OK);
}

TEST_CASE("start sleeps in one call, and never too short", "[time]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "sleeper");
  const ekd_time_api& time = *plugin.api.time;
  ekd_timer timer = 0;
  std::uint64_t deadline = 0;
  std::uint64_t woken_at = 0;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    std::int32_t code = 0;
    if (timer == 0) {
      deadline = time.now_ns(plugin.ctx) + 3 * EKD_NS_PER_MS;
      code = time.start(plugin.ctx, deadline, cx->waker, &timer);
    } else {
      code = time.poll(plugin.ctx, timer, cx->waker);
    }
    if (code == EKD_READY) woken_at = time.now_ns(plugin.ctx);
    return code;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(woken_at >= deadline);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_READY);  // until it is armed again
  CHECK(time.close(plugin.ctx, timer) == EKD_OK);
}

TEST_CASE("a start at a time that has passed is ready, and within the budget", "[time]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "sleeper");
  const ekd_time_api& time = *plugin.api.time;
  ekd_timer timer = 0;
  REQUIRE(time.start(plugin.ctx, 1, 0, &timer) == EKD_READY);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_READY);
  CHECK(time.close(plugin.ctx, timer) == EKD_OK);

  std::uint32_t ready = 0;
  std::uint32_t budget = 0;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    if (ready > 0) return EKD_READY;
    budget = cx->budget;
    std::int32_t code = EKD_READY;
    while (code == EKD_READY) {
      code = time.start(plugin.ctx, 1, cx->waker, &timer);
      if (code == EKD_READY) ++ready;
      if (code < 0 || time.close(plugin.ctx, timer) != EKD_OK) return EKD_FAILED;
    }
    return EKD_PENDING;  // the wake is on its way
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(ready == budget);
  CHECK(probe.polls.load() == 2);
}

TEST_CASE("task lists show what a task waits for", "[time]") {
  const bool in_one = GENERATE(false, true);
  Daemon daemon(1);
  Plugin plugin(daemon, "sleeper");
  const ekd_time_api& time = *plugin.api.time;
  const std::uint64_t far = time.now_ns(plugin.ctx) + 3600 * EKD_NS_PER_S;
  ekd_timer timer = 0;
  if (!in_one) {
    REQUIRE(time.create(plugin.ctx, &timer) == EKD_OK);
    REQUIRE(time.arm(plugin.ctx, timer, far) == EKD_OK);
  }
  Probe probe([&](ekd_cx* cx) {
    if (timer == 0) return time.start(plugin.ctx, far, cx->waker, &timer);
    return time.poll(plugin.ctx, timer, cx->waker);
  });
  ekd_task task = 0;
  REQUIRE(plugin.spawn(probe, nullptr, &task) == EKD_OK);
  REQUIRE(eventually([&] {
    const auto info = daemon.runtime.task_info(runtime::Handle(task));
    return info && info->waits_on && info->waits_on->kind() == runtime::HandleKind::kTimer;
  }));
  CHECK(plugin.api.task->abort(plugin.ctx, task) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
}

TEST_CASE("misuse of timers is an error code", "[time]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  Plugin other(daemon, "other");
  const ekd_time_api& time = *plugin.api.time;
  ekd_timer timer = 0;
  ekd_timer theirs = 0;
  CHECK(time.create(plugin.ctx, nullptr) == EKD_E_INVALID);
  CHECK(time.start(plugin.ctx, 0, 0, nullptr) == EKD_E_INVALID);
  REQUIRE(time.create(plugin.ctx, &timer) == EKD_OK);
  REQUIRE(time.create(other.ctx, &theirs) == EKD_OK);

  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_E_WRONG_STATE);  // not armed
  CHECK(time.cancel(plugin.ctx, timer) == EKD_OK);              // never armed
  CHECK(time.arm(plugin.ctx, timer, ~std::uint64_t{0}) == EKD_OK);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_PENDING);
  CHECK(time.cancel(plugin.ctx, timer) == EKD_OK);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_E_WRONG_STATE);

  CHECK(time.arm(plugin.ctx, theirs, 0) == EKD_E_FOREIGN);
  CHECK(time.poll(plugin.ctx, theirs, 0) == EKD_E_FOREIGN);
  CHECK(time.cancel(plugin.ctx, theirs) == EKD_E_FOREIGN);
  CHECK(time.close(plugin.ctx, theirs) == EKD_E_FOREIGN);

  CHECK(time.close(plugin.ctx, timer) == EKD_OK);
  CHECK(time.close(plugin.ctx, timer) == EKD_E_STALE);
  CHECK(time.arm(plugin.ctx, timer, 0) == EKD_E_STALE);
  CHECK(time.poll(plugin.ctx, timer, 0) == EKD_E_STALE);
  CHECK(time.cancel(plugin.ctx, timer) == EKD_E_STALE);

  // Nothing, a task's number, numbers that nobody was given.
  for (const ekd_timer number :
       std::vector<ekd_timer>{0, timer & 0x0fffffffffffffff, ~ekd_timer{0}}) {
    CHECK(time.arm(plugin.ctx, number, 0) == EKD_E_INVALID);
    CHECK(time.close(plugin.ctx, number) == EKD_E_INVALID);
  }
  CHECK(time.arm(plugin.ctx, 0x8fffffffffffffff, 0) == EKD_E_STALE);
  CHECK(captured.lines_with({"plugin.tester", "ekd.time/1 close", "another plugin instance"}) == 1);
  CHECK(captured.lines_with({"plugin.tester", "ekd.time/1 close", "still there"}) == 1);
  CHECK(time.close(other.ctx, theirs) == EKD_OK);
}

}  // namespace
}  // namespace ekiden::daemon::test
