// How an owner, or everybody, leaves: what is waited for, what is taken away, and what is not.

#include <algorithm>
#include <new>

#include "runtime/scheduler/scheduler.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

SpawnOptions held() {
  SpawnOptions options;
  options.join = true;
  return options;
}

SpawnOptions child() {
  SpawnOptions options;
  options.child = true;
  return options;
}

TEST_CASE("a result is not taken away from a holder that still runs (invariant 7)") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("holder");
  Gate gate;
  std::atomic<bool> reading{false};
  f.spawn(type, [&, result = Handle()](PollContext& cx) mutable {
    if (result.is_null()) {
      result = f.spawn(
          type, [](PollContext&) { return kPollReady; }, held());
    }
    JoinResult joined;
    if (f.runtime().join_poll(f.owner(), result, Waker(cx.waker), joined) == Status::kPending) {
      return kPollPending;
    }
    // From here on it has a pointer into the other task's state.
    reading = true;
    gate.pass();
    static_cast<void>(f.runtime().join_close(f.owner(), result));
    return kPollReady;
  });
  REQUIRE(eventually([&] { return reading.load(); }));
  f.runtime().owner_stop_admission(f.owner());
  for (int i = 0; i < 20; ++i)
    f.runtime().owner_cancel_tasks(f.owner(), /*force=*/i > 10);
  std::this_thread::sleep_for(20ms);  // gives a wrong implementation the time to drop
  CHECK(f.dropped() == 0);
  gate.open();
  CHECK(eventually([&] {
    f.runtime().owner_cancel_tasks(f.owner());
    return f.dropped() == 2;
  }));
}

TEST_CASE("results that nobody fetches any more are given up") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Fixture f(workers);
  const TypeId type = f.type("forgotten");
  for (int i = 0; i < 50; ++i) {
    f.spawn(
        type, [i](PollContext&) { return i % 2 ? kPollReady : kPollPending; }, held());
  }
  // A parent that has ended and waits for a child whose hold was its own to end.
  f.spawn(type, [&](PollContext&) {
    SpawnOptions both = held();
    both.child = true;
    f.spawn(
        type, [](PollContext&) { return kPollReady; }, both);
    return kPollReady;
  });
  f.runtime().owner_stop_admission(f.owner());
  CHECK(eventually([&] {
    f.runtime().owner_cancel_tasks(f.owner());
    return f.runtime().owner_ledger(f.owner()).empty();
  }));
  CHECK(f.dropped() == f.constructed());
}

TEST_CASE("a spawn that races with the leaving is refused or cancelled with the rest") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  for (int round = 0; round < 100; ++round) {
    Fixture f(workers);
    const TypeId type = f.type("late");
    std::atomic<bool> go{false};
    std::thread spawner([&] {
      go = true;
      while (!f.spawn(type, [](PollContext&) { return kPollPending; }).is_null()) {
      }
    });
    while (!go)
      std::this_thread::yield();
    f.runtime().owner_stop_admission(f.owner());
    f.runtime().owner_cancel_tasks(f.owner());  // once: nobody is missed
    spawner.join();
    const bool gone = eventually([&] { return f.runtime().live_tasks(f.owner()) == 0; });
    REQUIRE(gone);
  }
}

TEST_CASE("an owner's ledger never shows no task while one of them lives (invariant 7)") {
  const unsigned workers = GENERATE(1u, 2u);
  Fixture f(workers);
  const TypeId types[2] = {f.type("even"), f.type("odd")};
  std::atomic<bool> stop{false};
  std::function<std::int32_t(unsigned)> pass_on = [&](unsigned which) {
    if (!stop) f.spawn(types[1 - which], [&, which](PollContext&) { return pass_on(1 - which); });
    return kPollReady;
  };
  f.spawn(types[0], [&](PollContext&) { return pass_on(0); });
  int none = 0;
  for (int i = 0; i < 20'000; ++i)
    none += f.runtime().owner_ledger(f.owner()).tasks == 0;
  stop = true;
  CHECK(none == 0);
  f.wait_until_all_ended();
}

TEST_CASE("after shutdown has begun no owner is opened") {
  Fixture f(2);
  const TypeId type = f.type("slow", CancelMode::kAsync);
  std::atomic<bool> let_go{false};
  f.spawn(type, [&](PollContext&) { return let_go ? kPollReady : kPollYield; });
  Status late = Status::kOk;
  std::thread opener([&] {
    const OwnerId owner = f.owner();
    eventually([&] { return !f.runtime().admits(owner); });
    OwnerId id = 0;
    late = f.runtime().owner_open("late", 0, id);
    let_go = true;
  });
  CHECK(f.end().empty());
  opener.join();
  CHECK(late == Status::kDraining);
}

TEST_CASE("tasks that are always ready to go on are forced to end, and none counts as stuck") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  for (int round = 0; round < 10; ++round) {
    Fixture f(workers);
    const TypeId type = f.type("busy", CancelMode::kAsync);
    for (int i = 0; i < 500; ++i)
      f.spawn(type, [](PollContext&) { return kPollYield; });
    CHECK(f.end(1ms).empty());
    CHECK(f.dropped() == 500);
  }
}

TEST_CASE("a drop that does not return is named as a poll would be (invariant 8)") {
  const bool from_outside = GENERATE(false, true);
  CAPTURE(from_outside);
  static Gate gate;
  static std::atomic<bool> inside;
  new (&gate) Gate;
  inside = false;
  Runtime runtime(Fixture::with_workers(2));
  OwnerId owner = 0;
  REQUIRE(runtime.owner_open("sticky", 0, owner) == Status::kOk);
  runtime.start();
  TaskTypeSpec spec;
  spec.name = "sticky";
  spec.poll = [](void*, PollContext*) { return kPollReady; };
  spec.drop = [](void*) {
    inside = true;
    gate.pass();
  };
  TypeId type = 0;
  REQUIRE(runtime.type_register(owner, spec, type) == Status::kOk);
  void* state = nullptr;
  Handle task;
  REQUIRE(runtime.reserve(owner, type, 0, 0, state, task) == Status::kOk);
  REQUIRE(runtime.commit(owner, task, from_outside ? held() : SpawnOptions()) == Status::kOk);
  if (from_outside) {
    REQUIRE(eventually([&] {
      const auto info = runtime.task_info(task);
      return info && info->state == TaskState::kEnded;
    }));
    REQUIRE(runtime.join_close(owner, task) == Status::kOk);
  }
  REQUIRE(eventually([&] { return inside.load(); }));
  const auto stragglers = runtime.shutdown(runtime.now_ns() + 20 * kNanosPerMilli);
  REQUIRE(stragglers.size() == 1);
  CHECK(stragglers[0].owner == owner);
  CHECK(stragglers[0].id == task);
  gate.open();
  CHECK(runtime.shutdown(runtime.now_ns() + 60 * kNanosPerSecond).empty());
}

// The scheduler by itself, to stop it at a chosen moment.
TEST_CASE("a hold that is ended after the workers have gone is dropped with the rest") {
  static std::atomic<int> drops;
  drops = 0;
  SchedulerConfig config;
  config.workers = 2;
  Scheduler scheduler(config, SystemClock::instance());
  OwnerId owner = 0;
  REQUIRE(scheduler.owners().open("late", 0, owner) == Status::kOk);
  TaskTypeSpec spec;
  spec.name = "late";
  spec.poll = [](void*, PollContext*) { return kPollReady; };
  spec.drop = [](void*) { ++drops; };
  TypeId type = 0;
  REQUIRE(scheduler.type_register(owner, spec, type) == Status::kOk);
  std::vector<Handle> tasks(3);
  scheduler.start();
  for (Handle& task : tasks) {
    void* state = nullptr;
    REQUIRE(scheduler.reserve(owner, type, 0, 0, state, task) == Status::kOk);
    REQUIRE(scheduler.commit(owner, task, held()) == Status::kOk);
  }
  REQUIRE(eventually([&] {
    const auto rows = scheduler.list_tasks(owner, Handle(), 10);
    return std::all_of(rows.begin(), rows.end(),
                       [](const TaskInfo& row) { return row.state == TaskState::kEnded; });
  }));
  scheduler.stop();
  CHECK(scheduler.join_close(owner, tasks[0]) == Status::kOk);
  scheduler.drop_everything();
  CHECK(drops == 3);
  CHECK(scheduler.live_tasks(std::nullopt) == 0);
}

TEST_CASE("a long line of parents that have ended is dropped from its end") {
  const unsigned workers = GENERATE(1u, 2u);
  constexpr int kGenerations = 200'000;  // deep enough to end a stack if it were recursion
  Fixture f(workers);
  const TypeId type = f.type("line");
  std::function<std::int32_t(int)> beget = [&](int left) {
    if (left > 0)
      f.spawn(
          type, [&, left](PollContext&) { return beget(left - 1); }, child());
    return kPollReady;
  };
  f.spawn(type, [&](PollContext&) { return beget(kGenerations); });
  CHECK(eventually([&] { return f.dropped() == kGenerations + 1; }));
}

}  // namespace
}  // namespace ekiden::runtime::test
