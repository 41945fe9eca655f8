#include "runtime/blocking/blocking_pool.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("shutdown drops every task: running, queued, waiting, held, parents and children") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("mixed");
  SpawnOptions held;
  held.join = true;
  SpawnOptions child;
  child.child = true;
  for (int i = 0; i < 200; ++i) {
    f.spawn(
        type, [i](PollContext&) { return i % 2 ? kPollPending : kPollYield; },
        i % 5 == 0 ? held : SpawnOptions());
    f.spawn(type, [&, begun = false](PollContext&) mutable {
      if (!begun)
        f.spawn(
            type, [](PollContext&) { return kPollPending; }, child);
      begun = true;
      return kPollReady;
    });
  }
  CHECK(f.end().empty());
  CHECK(f.dropped() == f.constructed());
}

TEST_CASE("shutdown while tasks spawn tasks and outside threads spawn and wake") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("storm");
  std::atomic<bool> stop{false};
  std::function<std::int32_t(PollContext&)> breed = [&](PollContext&) {
    f.spawn(type, breed);
    return kPollReady;
  };
  for (int i = 0; i < 10; ++i)
    f.spawn(type, breed);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      Handle last;
      while (!stop) {
        const Handle task = f.spawn(type, [](PollContext&) { return kPollPending; });
        f.runtime().wake(last);
        if (!task.is_null()) last = task;
      }
    });
  }
  std::this_thread::sleep_for(20ms);
  // Spawns are refused from here on; the threads go on trying meanwhile.
  f.runtime().owner_stop_admission(f.owner());
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  CHECK(f.end().empty());
  CHECK(f.dropped() == f.constructed());
}

TEST_CASE("a poll that does not return is named, and nothing is freed (invariant 8)") {
  const unsigned workers = GENERATE(1u, 2u);
  auto f = std::make_unique<Fixture>(workers);
  const TypeId type = f->type("endless");
  Gate gate;
  std::atomic<bool> inside{false};
  const Handle task = f->spawn(type, [&](PollContext&) {
    inside = true;
    gate.pass();
    return kPollReady;
  });
  REQUIRE(eventually([&] { return inside.load(); }));
  const auto stragglers = f->end(100ms);
  REQUIRE(stragglers.size() == 1);
  CHECK(stragglers[0].owner == f->owner());
  CHECK(stragglers[0].id == task);
  CHECK(stragglers[0].what == "task type endless");
  gate.open();
  CHECK(f->end().empty());
  CHECK(f->dropped() == 1);
}

TEST_CASE("tasks that never end asynchronously are ended at the deadline") {
  Fixture f(2);
  const TypeId type = f.type("forever", CancelMode::kAsync);
  for (int i = 0; i < 10; ++i)
    f.spawn(type, [](PollContext&) { return kPollPending; });
  CHECK(f.end(100ms).empty());
  CHECK(f.dropped() == 10);
}

TEST_CASE("a runtime that was never started can go") {
  Options options;
  options.workers = 2;
  Runtime runtime(options);
  CHECK(runtime.shutdown(runtime.now_ns()).empty());
}

TEST_CASE("runtimes come and go") {
  for (int i = 0; i < 30; ++i) {
    Fixture f(1 + i % 5);
    const TypeId type = f.type("brief");
    for (int t = 0; t < 20; ++t)
      f.spawn(type, [](PollContext&) { return kPollPending; });
  }
}

TEST_CASE("a task waits for a blocking job") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Fixture f(workers);
  const TypeId type = f.type("blocking");
  std::atomic<int> sum{0};
  for (int i = 0; i < 50; ++i) {
    f.spawn(type, [&, job = Handle(), value = i](PollContext& cx) mutable {
      BlockingPool& pool = f.runtime().blocking();
      if (job.is_null()) {
        Job work;
        work.run = [](void* argument) { return *static_cast<int*>(argument) * 2; };
        work.argument = &value;
        if (pool.submit(f.owner(), work, job) != Status::kOk) return kPollFailed;
      }
      std::int32_t result = 0;
      if (pool.poll(f.owner(), job, Waker(cx.waker), result, nullptr) == Status::kPending) {
        return kPollPending;
      }
      sum += result;
      static_cast<void>(pool.close(f.owner(), job));
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return sum == 49 * 50; }));
}

}  // namespace
}  // namespace ekiden::runtime::test
