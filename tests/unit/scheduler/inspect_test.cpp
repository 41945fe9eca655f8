#include <algorithm>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("lists run while slots are used for the first time and again") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("listed");
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  std::atomic<bool> stop{false};
  std::vector<std::thread> spawners;
  for (int t = 0; t < 2; ++t) {
    spawners.emplace_back([&, t] {
      for (int i = 0; !stop && i < 20'000; ++i) {
        f.spawn(type, [i, t](PollContext&) { return i % (2 + t) ? kPollReady : kPollPending; });
      }
    });
  }
  int wrong = 0;
  for (int i = 0; i < 30; ++i) {
    for (const TaskInfo& row : f.runtime().list_tasks(std::nullopt, Handle(), 100'000)) {
      wrong += row.owner != f.owner() || row.type != "listed";
    }
    wrong += !f.runtime().list_tasks(other, Handle(), 100).empty();
    wrong += f.runtime().list_workers().size() != workers;
    f.runtime().owner_cancel_tasks(other);
    f.runtime().owner_close_resources(other);
  }
  stop = true;
  for (std::thread& thread : spawners)
    thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("pages of a list go on behind the last row") {
  Fixture f(1);
  const TypeId type = f.type("paged");
  constexpr std::size_t kTasks = 25;
  for (std::size_t i = 0; i < kTasks; ++i)
    f.spawn(type, [](PollContext&) { return kPollPending; });
  std::vector<std::uint64_t> seen;
  Handle after;
  for (;;) {
    const auto page = f.runtime().list_tasks(f.owner(), after, 10);
    for (const TaskInfo& row : page)
      seen.push_back(row.id.bits());
    if (page.size() < 10) break;
    after = page.back().id;
  }
  CHECK(seen.size() == kTasks);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(f.runtime().list_tasks(f.owner(), Handle(), 0).empty());
}

TEST_CASE("a task's row says what it is and what it does") {
  Fixture f(1);
  const TypeId type = f.type("shown");
  SpawnOptions options;
  options.join = true;
  options.name = "by name";
  const Handle task = f.spawn(
      type, [](PollContext&) { return kPollPending; }, options);
  REQUIRE(eventually([&] {
    const auto info = f.runtime().task_info(task);
    return info && info->state == TaskState::kWaiting && info->polls == 1;
  }));
  const auto info = f.runtime().task_info(task);
  CHECK(info->id == task);
  CHECK(info->owner == f.owner());
  CHECK(info->type == "shown");
  CHECK(info->name == "by name");
  CHECK_FALSE(info->cancelled);
  CHECK(info->last_worker == 0);
  CHECK(info->parent.is_null());
  CHECK_FALSE(info->waits_on);
  CHECK_FALSE(f.runtime().task_info(Handle(HandleKind::kTask, task.index(), 77)));
  CHECK_FALSE(f.runtime().task_info(Handle()));

  CHECK(f.runtime().abort(f.owner(), task) == Status::kOk);
  CHECK(eventually([&] {
    const auto now = f.runtime().task_info(task);
    return now && now->state == TaskState::kEnded && now->cancelled;
  }));
  const auto types = f.runtime().list_types();
  REQUIRE(types.size() == 1);
  CHECK(types[0].name == "shown");
  CHECK(types[0].live == 1);
  CHECK(types[0].cancelled == 1);
  CHECK(types[0].polls == 2);
  CHECK(f.runtime().join_close(f.owner(), task) == Status::kOk);
}

// One worker, which is in a poll while we look; nobody replaces it.
TEST_CASE("a task's state is told wherever it lies") {
  Options options = Fixture::with_workers(1);
  options.stall_replace_max = 0;
  Fixture f(options);
  const TypeId type = f.type("told");
  const auto state_of = [&](Handle task) {
    const auto info = f.runtime().task_info(task);
    REQUIRE(info);
    return info->state;
  };
  const auto ready = [](PollContext&) { return kPollReady; };
  SpawnOptions join;
  join.join = true;
  const Handle ended = f.spawn(type, ready, join);
  REQUIRE(eventually([&] { return state_of(ended) == TaskState::kEnded; }));
  const auto pends_once = [polls = 0](PollContext&) mutable {
    return ++polls == 1 ? kPollPending : kPollReady;
  };
  const Handle waiting = f.spawn(type, pends_once);
  const Handle woken = f.spawn(type, pends_once);
  Handle reserved;
  REQUIRE(f.reserve(type, ready, reserved) == Status::kOk);

  Gate gate;
  std::atomic<bool> inside{false};
  Handle running, in_ring, in_slot, in_stack;
  const Handle yielding = f.spawn(type, [&, polls = 0](PollContext&) mutable {
    if (++polls > 1) return kPollReady;
    SpawnOptions next;
    next.hint = SpawnHint::kNext;
    running = f.spawn(
        type,
        [&](PollContext&) {
          SpawnOptions how;
          how.hint = SpawnHint::kLast;
          in_ring = f.spawn(type, ready, how);
          how.hint = SpawnHint::kNext;
          in_slot = f.spawn(type, ready, how);
          how.hint = SpawnHint::kDefault;
          how.child = true;
          in_stack = f.spawn(type, ready, how);
          inside = true;
          gate.pass();
          return kPollReady;
        },
        next);
    return kPollYield;
  });
  REQUIRE(eventually([&] { return inside.load(); }));
  const Handle in_global = f.spawn(type, ready);
  f.runtime().wake(woken);

  CHECK(state_of(running) == TaskState::kRunning);
  CHECK(state_of(in_ring) == TaskState::kQueued);
  CHECK(state_of(in_slot) == TaskState::kQueued);
  CHECK(state_of(in_stack) == TaskState::kQueued);
  CHECK(state_of(in_global) == TaskState::kQueued);
  CHECK(state_of(woken) == TaskState::kQueued);
  CHECK(state_of(yielding) == TaskState::kQueued);
  CHECK(f.runtime().task_info(yielding)->polls == 1);
  CHECK(state_of(waiting) == TaskState::kWaiting);
  CHECK(state_of(reserved) == TaskState::kReserved);
  CHECK(state_of(ended) == TaskState::kEnded);
  CHECK(f.runtime().list_workers()[0].local_depth == 3);  // yielding, in_ring, in_stack

  gate.open();
  CHECK(f.runtime().join_close(f.owner(), ended) == Status::kOk);
  f.runtime().wake(waiting);
  CHECK(f.runtime().commit(f.owner(), reserved, {}) == Status::kOk);
  f.wait_until_all_ended();
}

}  // namespace
}  // namespace ekiden::runtime::test
