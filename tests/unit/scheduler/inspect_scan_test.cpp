// Scans of all tasks, and what a task's row says of its waiting and its origin.
#include <set>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

// Everything that the filter wants, in portions of `slots`.
std::vector<TaskKey> scan_all(Runtime& runtime, TaskFilter filter, std::size_t slots,
                              std::uint64_t* looked_at = nullptr) {
  TaskScan scan = runtime.begin_scan(std::move(filter), Handle());
  std::vector<TaskKey> found;
  while (!scan.done)
    runtime.scan_tasks(scan, slots, found);
  if (looked_at != nullptr) *looked_at = scan.looked_at;
  return found;
}

TEST_CASE("a scan in portions of any size finds what lives through it, once") {
  const std::size_t slots = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{100'000});
  CAPTURE(slots);
  Fixture f(2);
  const TypeId stays = f.type("stays");
  const TypeId comes = f.type("comes");
  constexpr std::size_t kTasks = 500;
  std::set<std::uint64_t> expected;
  for (std::size_t i = 0; i < kTasks; ++i) {
    expected.insert(f.spawn(stays, [](PollContext&) { return kPollPending; }).bits());
  }
  std::atomic<bool> stop{false};
  std::thread others([&] {
    while (!stop)
      f.spawn(comes, [](PollContext&) { return kPollReady; });
  });
  TaskFilter filter;
  filter.type = "stays";
  const std::multiset<std::uint64_t> once(expected.begin(), expected.end());
  int wrong = 0;
  for (int round = 0; round < 30; ++round) {
    std::multiset<std::uint64_t> seen;
    std::uint64_t looked_at = 0;
    for (const TaskKey& key : scan_all(f.runtime(), filter, slots, &looked_at))
      seen.insert(key.id.bits());
    wrong += seen != once || looked_at < kTasks;
  }
  stop = true;
  others.join();
  CHECK(wrong == 0);
}

TEST_CASE("a scan leaves out what the filter does not want") {
  Fixture f(1);
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  const TypeId once = f.type("once");
  const TypeId often = f.type("often");
  const Handle quiet = f.spawn(once, [](PollContext&) { return kPollPending; });
  const Handle polled = f.spawn(
      often, [n = 0](PollContext&) mutable { return ++n < 10 ? kPollYield : kPollPending; });
  REQUIRE(eventually([&] {
    const auto a = f.runtime().task_info(quiet);
    const auto b = f.runtime().task_info(polled);
    return a && a->state == TaskState::kWaiting && b && b->state == TaskState::kWaiting;
  }));
  const auto ids = [&](TaskFilter filter) {
    std::set<std::uint64_t> found;
    for (const TaskKey& key : scan_all(f.runtime(), std::move(filter), 64))
      found.insert(key.id.bits());
    return found;
  };
  const std::set<std::uint64_t> both = {quiet.bits(), polled.bits()};
  TaskFilter filter;
  CHECK(ids(filter) == both);
  filter.owner = f.owner();
  CHECK(ids(filter) == both);
  filter.type = "often";
  CHECK(ids(filter) == std::set<std::uint64_t>{polled.bits()});
  filter.type = "never";
  CHECK(ids(filter).empty());
  filter = {};
  filter.owner = other;
  CHECK(ids(filter).empty());
  filter = {};
  filter.polls_min = 10;
  CHECK(ids(filter) == std::set<std::uint64_t>{polled.bits()});
  filter = {};
  filter.state = TaskState::kRunning;
  CHECK(ids(filter).empty());
  filter.state = TaskState::kWaiting;
  CHECK(ids(filter) == both);
  filter.waits_on = WaitKind::kTimer;
  CHECK(ids(filter).empty());
  filter = {};
  filter.age_min_ns = 3600 * kNanosPerSecond;
  CHECK(ids(filter).empty());
}

TEST_CASE("a waiting task's row says on what, for how long, and who spawned it") {
  Fixture f(1);
  const TypeId type = f.type("waiter");
  Handle timer;
  REQUIRE(f.runtime().timer_create(f.owner(), timer) == Status::kOk);
  REQUIRE(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + 3600 * kNanosPerSecond) ==
          Status::kOk);
  std::atomic<std::uint64_t> child{0};
  std::atomic<bool> noted{true};
  SpawnOptions outside;
  outside.origin = SpawnOrigin::kOwnThread;
  const Handle parent = f.spawn(
      type,
      [&](PollContext& cx) {
        if (child == 0) {
          SpawnOptions as_child;
          as_child.child = true;
          child = f.spawn(
                       type,
                       [&](PollContext& own) {
                         const Status status =
                             f.runtime().timer_poll(f.owner(), timer, Waker(own.waker));
                         if (status == Status::kPending && noted) f.runtime().note_wait(timer);
                         return kPollPending;
                       },
                       as_child)
                      .bits();
        }
        static_cast<void>(cx);
        static_cast<void>(f.runtime().children_poll(f.owner()));
        return kPollPending;
      },
      outside);
  const auto waits = [&](Handle task, WaitKind kind) {
    return eventually([&] {
      const auto info = f.runtime().task_info(task);
      return info && info->state == TaskState::kWaiting && info->wait_kind == kind;
    });
  };
  REQUIRE(waits(parent, WaitKind::kChildren));
  REQUIRE(waits(Handle(child), WaitKind::kTimer));
  const auto above = f.runtime().task_info(parent);
  CHECK(above->children == 1);
  CHECK_FALSE(above->waits_on);
  CHECK(above->parent.is_null());
  CHECK(above->origin == SpawnOrigin::kOwnThread);
  const auto below = f.runtime().task_info(Handle(child));
  CHECK(below->waits_on == timer);
  CHECK(below->parent == parent);
  CHECK(below->origin == SpawnOrigin::kTask);
  REQUIRE(below->waiting_ns);

  // Time that passes while it waits is time that it has waited.
  const Nanos before = f.runtime().now_ns();
  CHECK(eventually([&] {
    const auto now = f.runtime().task_info(Handle(child));
    return now && now->waiting_ns && *now->waiting_ns >= kNanosPerMilli;
  }));
  CHECK(*f.runtime().task_info(Handle(child))->waiting_ns <
        f.runtime().now_ns() - before + 60 * kNanosPerSecond);

  // A poll that says nothing of what it waits for does not leave the last one's word behind.
  noted = false;
  f.runtime().wake(Handle(child));
  CHECK(waits(Handle(child), WaitKind::kUnknown));
  CHECK(f.runtime().task_info(Handle(child))->polls == 2);
  f.runtime().wake(Handle(child));
  CHECK(f.runtime().abort(f.owner(), Handle(child)) == Status::kOk);
  CHECK(f.runtime().abort(f.owner(), parent) == Status::kOk);
  f.wait_until_all_ended();
  CHECK(f.runtime().timer_close(f.owner(), timer) == Status::kOk);
}

TEST_CASE("rows of tasks that go through the global queue never take a link for a time") {
  const unsigned workers = GENERATE(1u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("woken");
  std::vector<Handle> tasks;
  for (int i = 0; i < 50; ++i)
    tasks.push_back(f.spawn(type, [](PollContext&) { return kPollPending; }));
  std::atomic<bool> stop{false};
  // Wakes from a thread that is no worker go to the global queue, whose links are in the tasks.
  std::thread waker([&] {
    while (!stop) {
      for (const Handle task : tasks)
        f.runtime().wake(task);
    }
  });
  const Nanos began = f.runtime().now_ns();
  int wrong = 0;
  for (int i = 0; i < 300; ++i) {
    for (const Handle task : tasks) {
      const auto info = f.runtime().task_info(task);
      if (!info || !info->waiting_ns) continue;
      wrong += *info->waiting_ns > f.runtime().now_ns() - began + kNanosPerSecond;
    }
  }
  stop = true;
  waker.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
