#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

SpawnOptions held() {
  SpawnOptions options;
  options.join = true;
  return options;
}

Status end_status(Fixture& f, Handle task) {
  JoinResult result;
  CHECK(eventually(
      [&] { return f.runtime().join_poll(f.owner(), task, Waker(), result) == Status::kOk; }));
  static_cast<void>(f.runtime().join_close(f.owner(), task));
  return result.status;
}

TEST_CASE("a cancelled task ends the way its type says") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Fixture f(workers);
  struct Case {
    const char* name;
    CancelMode mode;
    int polls_cancelled;  // polls that see `cancelled`
    Status end;
  };
  const Case cases[] = {{"one_poll", CancelMode::kOnePoll, 1, Status::kCancelled},
                        {"drop_now", CancelMode::kDropNow, 0, Status::kCancelled},
                        {"async", CancelMode::kAsync, 3, Status::kOk}};
  for (const Case& c : cases) {
    CAPTURE(c.name, workers);
    const TypeId type = f.type(c.name, c.mode);
    std::atomic<int> before{0};
    std::atomic<int> after{0};
    const Handle task = f.spawn(
        type,
        [&](PollContext& cx) {
          if (!cx.cancelled) {
            ++before;
            return kPollPending;
          }
          // Asks for more polls until the third.
          return ++after == 3 ? kPollReady : kPollYield;
        },
        held());
    REQUIRE(eventually([&] { return before == 1; }));
    CHECK(f.runtime().abort(f.owner(), task) == Status::kOk);
    CHECK(end_status(f, task) == c.end);
    CHECK(after == c.polls_cancelled);
    CHECK(before == 1);
  }
}

TEST_CASE("a task that is ready in its last poll is not cancelled") {
  Fixture f(1);
  const TypeId type = f.type("quick");
  const Handle task = f.spawn(
      type, [](PollContext& cx) { return cx.cancelled ? kPollReady : kPollPending; }, held());
  CHECK(f.runtime().abort_any(task) == Status::kOk);
  CHECK(end_status(f, task) == Status::kOk);
}

TEST_CASE("aborts race with wakes and the end") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("race");
  constexpr int kTasks = 2000;
  std::vector<Handle> tasks(kTasks);
  std::atomic<int> published{0};
  std::thread waker([&] {
    for (int i = 0; i < kTasks; ++i) {
      while (published <= i)
        std::this_thread::yield();
      f.runtime().wake(tasks[i]);
    }
  });
  std::thread aborter([&] {
    for (int i = 0; i < kTasks; ++i) {
      while (published <= i)
        std::this_thread::yield();
      static_cast<void>(f.runtime().abort(f.owner(), tasks[i]));
    }
  });
  for (int i = 0; i < kTasks; ++i) {
    tasks[i] = f.spawn(
        type, [n = 0](PollContext&) mutable { return ++n >= 2 ? kPollReady : kPollPending; });
    published = i + 1;
  }
  waker.join();
  aborter.join();
  CHECK(eventually([&] { return f.dropped() == kTasks; }));
}

TEST_CASE("an owner's tasks go together: waiting, queued, held and reserved") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("all");
  for (int i = 0; i < 300; ++i) {
    const bool held_one = i % 3 == 0;
    f.spawn(
        type, [i](PollContext&) { return i % 2 ? kPollPending : kPollYield; },
        held_one ? held() : SpawnOptions());
  }
  for (int i = 0; i < 20; ++i)
    f.spawn(
        type, [](PollContext&) { return kPollReady; }, held());
  Handle reserved;
  TaskTypeSpec plain;
  plain.name = "plain";
  plain.poll = [](void*, PollContext*) { return kPollReady; };
  TypeId plain_type = 0;
  REQUIRE(f.runtime().type_register(f.owner(), plain, plain_type) == Status::kOk);
  void* state = nullptr;
  REQUIRE(f.runtime().reserve(f.owner(), plain_type, 0, 0, state, reserved) == Status::kOk);

  f.runtime().owner_stop_admission(f.owner());
  CHECK(eventually([&] {
    f.runtime().owner_cancel_tasks(f.owner());
    return f.runtime().owner_ledger(f.owner()).tasks == 1;
  }));
  f.runtime().owner_close_resources(f.owner());
  CHECK(eventually([&] { return f.runtime().owner_quiescent(f.owner()); }));
  CHECK(f.dropped() == f.constructed());
  f.runtime().owner_close(f.owner());
  void* late = nullptr;
  CHECK(f.runtime().reserve(f.owner(), type, 0, 0, late, reserved) == Status::kInvalid);
}

TEST_CASE("force ends tasks that would go on asynchronously") {
  Fixture f(2);
  const TypeId type = f.type("stubborn", CancelMode::kAsync);
  for (int i = 0; i < 10; ++i) {
    f.spawn(type, [i](PollContext&) { return i % 2 ? kPollYield : kPollPending; });
  }
  f.runtime().owner_stop_admission(f.owner());
  f.runtime().owner_cancel_tasks(f.owner());
  std::this_thread::sleep_for(20ms);
  CHECK(f.runtime().live_tasks(f.owner()) == 10);
  f.runtime().owner_cancel_tasks(f.owner(), /*force=*/true);
  CHECK(eventually([&] { return f.runtime().live_tasks(f.owner()) == 0; }));
}

TEST_CASE("one owner's stuck task does not hold up another's leaving (invariant 7)") {
  Fixture f(2);
  const TypeId type = f.type("stuck");
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  TaskTypeSpec spec;
  spec.name = "waits";
  spec.poll = [](void*, PollContext*) { return kPollPending; };
  TypeId other_type = 0;
  REQUIRE(f.runtime().type_register(other, spec, other_type) == Status::kOk);
  for (int i = 0; i < 100; ++i) {
    void* state = nullptr;
    Handle task;
    REQUIRE(f.runtime().reserve(other, other_type, 0, 0, state, task) == Status::kOk);
    REQUIRE(f.runtime().commit(other, task, {}) == Status::kOk);
  }
  Gate gate;
  std::atomic<bool> inside{false};
  f.spawn(type, [&](PollContext&) {
    inside = true;
    gate.pass();
    return kPollReady;
  });
  REQUIRE(eventually([&] { return inside.load(); }));
  f.runtime().owner_stop_admission(other);
  f.runtime().owner_cancel_tasks(other);
  CHECK(eventually([&] { return f.runtime().owner_quiescent(other); }));
  f.runtime().owner_close(other);

  f.runtime().owner_stop_admission(f.owner());
  f.runtime().owner_cancel_tasks(f.owner());
  CHECK_FALSE(f.runtime().owner_quiescent(f.owner()));
  const auto running = f.runtime().owner_running(f.owner());
  REQUIRE(running.size() == 1);
  CHECK(running[0].what == "task type stuck");
  gate.open();
  CHECK(eventually([&] { return f.runtime().owner_quiescent(f.owner()); }));
}

TEST_CASE("a drop that does not return is named, also where no poll came before it") {
  const CancelMode cancel = GENERATE(CancelMode::kDropNow, CancelMode::kOnePoll);
  CAPTURE(static_cast<int>(cancel));
  Fixture f(2);
  const TypeId type = f.type("holds", cancel);
  Gate gate;
  std::atomic<bool> inside{false};
  std::shared_ptr<void> at_end(nullptr, [&](void*) {
    inside = true;
    gate.pass();
  });
  const Handle task = f.spawn(type, [at_end = std::move(at_end)](PollContext& cx) {
    return cx.cancelled ? kPollReady : kPollPending;
  });
  REQUIRE(eventually([&] {
    const auto info = f.runtime().task_info(task);
    return info && info->state == TaskState::kWaiting;
  }));
  REQUIRE(f.runtime().abort(f.owner(), task) == Status::kOk);
  REQUIRE(eventually([&] { return inside.load(); }));
  const std::vector<Straggler> running = f.runtime().owner_running(f.owner());
  REQUIRE(running.size() == 1);
  CHECK(running.front().id == task);
  CHECK(f.runtime().task_info(task)->state == TaskState::kRunning);
  gate.open();
  f.wait_until_all_ended();
}

}  // namespace
}  // namespace ekiden::runtime::test
