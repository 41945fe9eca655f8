// A runtime whose clock is turned by hand: timers fire when it is turned, nothing ticks meanwhile,
// and it can be told when nothing runs.
#include "runtime/blocking/blocking_pool.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

std::uint64_t parks(const Runtime& runtime) {
  std::uint64_t sum = 0;
  for (const WorkerInfo& row : runtime.list_workers())
    sum += row.parks;
  return sum;
}

// A task that counts how often its timer comes, each time `period` later, until it is cancelled.
void spawn_ticker(Fixture& f, TypeId type, Nanos period, std::atomic<int>& ticks) {
  Handle timer;
  REQUIRE(f.runtime().timer_create(f.owner(), timer) == Status::kOk);
  REQUIRE(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + period) == Status::kOk);
  f.spawn(type, [&f, &ticks, timer, period](PollContext& cx) -> std::int32_t {
    Runtime& runtime = f.runtime();
    if (cx.cancelled != 0) return kPollReady;
    while (runtime.timer_poll(f.owner(), timer, Waker(cx.waker)) == Status::kOk) {
      ticks++;
      static_cast<void>(runtime.timer_arm(f.owner(), timer, cx.now_ns + period));
    }
    return kPollPending;
  });
}

}  // namespace

TEST_CASE("a turned clock fires timers when it is turned, and at no other time") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  // Long ago by the system's clock, where the kernel would wake us at once.
  ManualClock clock(kNanosPerSecond);
  Fixture f(Fixture::with_workers(workers), 0, clock);
  std::atomic<int> ticks{0};
  spawn_ticker(f, f.type("ticker"), kNanosPerMilli, ticks);
  REQUIRE(eventually([&] { return f.runtime().is_idle(); }));
  CHECK(f.runtime().next_timer_ns() == kNanosPerSecond + kNanosPerMilli);
  const std::uint64_t parks_before = parks(f.runtime());
  std::this_thread::sleep_for(50ms);
  CHECK(ticks == 0);
  // Nobody has woken up again and again; the monitor may have moved one to the reactor.
  CHECK(parks(f.runtime()) <= parks_before + 2);

  for (int i = 1; i <= 100; ++i) {
    clock.advance(kNanosPerMilli - 1);
    CHECK(f.runtime().clock_changed() == 0);
    clock.advance(1);
    CHECK(f.runtime().clock_changed() == 1);
    REQUIRE(eventually([&] { return f.runtime().is_idle(); }));
    CHECK(ticks == i);
  }
}

TEST_CASE("idle is not said while anything runs, is queued or is on its way") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  ManualClock clock;
  Fixture f(Fixture::with_workers(workers), 0, clock);
  const TypeId type = f.type("chain");
  // Chains over workers and the pool: a poll submits a job, the job's end wakes the task.
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> done{0};
    constexpr int kChains = 4;
    for (int chain = 0; chain < kChains; ++chain) {
      f.spawn(type, [&f, &done, job = Handle(), jobs = 0](PollContext& cx) mutable -> std::int32_t {
        if (cx.cancelled != 0) return kPollReady;
        BlockingPool& pool = f.runtime().blocking();
        std::int32_t result = 0;
        for (;;) {
          if (job.is_null()) {
            if (jobs++ == 3) break;
            const Job nothing{.run = [](void*) { return 0; }};
            if (pool.submit(f.owner(), nothing, job) != Status::kOk) return kPollFailed;
          }
          if (pool.poll(f.owner(), job, Waker(cx.waker), result, nullptr) == Status::kPending) {
            return kPollPending;
          }
          static_cast<void>(pool.close(f.owner(), job));
          job = Handle();
        }
        done++;
        return kPollReady;
      });
    }
    REQUIRE(eventually([&] { return f.runtime().is_idle(); }));
    REQUIRE(done == kChains);
  }
}

TEST_CASE("idle is not said while a poll lasts, whoever replaces its worker") {
  ManualClock clock;
  Options options = Fixture::with_workers(2);
  options.stall_report_ns = options.stall_replace_ns = 20 * kNanosPerMilli;
  Fixture f(options, 0, clock);
  std::atomic<bool> held{true};
  f.spawn(f.type("blocker"), [&](PollContext&) -> std::int32_t {
    held.wait(true);
    return kPollReady;
  });
  // The monitor goes by the system's clock here, and so a replacement comes.
  CHECK(eventually([&] { return f.runtime().list_workers().size() > 2; }));
  for (int i = 0; i < 50; ++i) {
    CHECK_FALSE(f.runtime().is_idle());
    std::this_thread::sleep_for(1ms);
  }
  held = false;
  held.notify_all();
  CHECK(eventually([&] { return f.runtime().is_idle(); }));
}

}  // namespace ekiden::runtime::test
