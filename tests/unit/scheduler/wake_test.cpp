#include <algorithm>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("after a wake the task is polled at least once more (invariant 1)") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("listener");
  constexpr int kRounds = 3000;
  // The listener answers each value it sees; the waker sends the next one only then. A single lost
  // wake ends the conversation.
  int sent = 0;  // plain on purpose: the wake is what publishes it
  std::atomic<int> seen{0};
  const Handle listener = f.spawn(type, [&](PollContext&) {
    seen.store(sent);
    return kPollPending;
  });
  REQUIRE(eventually([&] { return seen == 0; }));
  bool kept_up = true;
  for (int i = 1; i <= kRounds && kept_up; ++i) {
    sent = i;
    f.runtime().wake(listener);
    kept_up = eventually([&] { return seen == i; });
  }
  CHECK(kept_up);
}

TEST_CASE("a wake during the poll leads to another poll") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Fixture f(workers);
  const TypeId type = f.type("self");
  std::atomic<int> polls{0};
  f.spawn(type, [&](PollContext& cx) {
    if (++polls == 1000) return kPollReady;
    f.runtime().wake(Waker(cx.waker));
    return kPollPending;
  });
  CHECK(eventually([&] { return f.dropped() == 1; }));
  CHECK(polls == 1000);
}

TEST_CASE("wakes from many threads while a task runs, sleeps and ends") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("hammered");
  std::atomic<int> polls{0};
  std::vector<Handle> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(f.spawn(type, [&, n = 0](PollContext&) mutable {
      ++polls;
      return ++n >= 200 ? kPollReady : kPollPending;
    }));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      // Goes on after the tasks have ended: wakes of old handles do nothing.
      while (f.dropped() < 20) {
        for (const Handle task : tasks)
          f.runtime().wake(task);
      }
      for (int i = 0; i < 1000; ++i)
        f.runtime().wake(tasks[i % tasks.size()]);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(polls == 20 * 200);
}

TEST_CASE("a task is polled by one thread at a time (invariant 2)") {
  const unsigned workers = GENERATE(2u, 3u, 4u, 8u);
  Fixture f(workers);
  const TypeId type = f.type("exclusive");
  std::atomic<int> overlaps{0};
  std::vector<std::unique_ptr<std::atomic<int>>> inside;
  std::vector<Handle> tasks;
  for (int i = 0; i < 8; ++i) {
    inside.push_back(std::make_unique<std::atomic<int>>(0));
    tasks.push_back(f.spawn(type, [&, flag = inside.back().get(), n = 0](PollContext&) mutable {
      if (flag->exchange(1) != 0) ++overlaps;
      for (int spin = 0; spin < 50; ++spin)
        std::atomic_signal_fence(std::memory_order_seq_cst);
      flag->store(0);
      ++n;
      return n >= 2000 ? kPollReady : n % 2 ? kPollYield : kPollPending;
    }));
  }
  while (f.dropped() < 8) {
    for (const Handle task : tasks)
      f.runtime().wake(task);
  }
  CHECK(overlaps == 0);
}

TEST_CASE("wakers that name nothing are harmless") {
  Fixture f(2);
  for (const std::uint64_t bits :
       {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5} << 60 | 1,
        Handle(HandleKind::kTask, Handle::kIndexMask, 1).bits(),
        Handle(HandleKind::kTimer, 0, 1).bits()}) {
    f.runtime().wake(Waker(bits));
  }
  const TypeId type = f.type("after");
  f.spawn(type, [](PollContext&) { return kPollReady; });
  CHECK(eventually([&] { return f.dropped() == 1; }));
}

TEST_CASE("an old waker does not reach the slot's next task") {
  Fixture f(1);
  const TypeId type = f.type("slot");
  const Handle first = f.spawn(type, [](PollContext&) { return kPollReady; });
  REQUIRE(eventually([&] { return f.dropped() == 1; }));
  std::atomic<int> polls{0};
  std::vector<Handle> later;
  // Spawned by the worker: free slots are kept a thread, and it is the one that freed the first.
  f.spawn(type, [&](PollContext&) {
    for (int i = 0; i < 300; ++i) {
      later.push_back(f.spawn(type, [&](PollContext&) {
        ++polls;
        return kPollPending;
      }));
    }
    return kPollReady;
  });
  REQUIRE(eventually([&] { return polls == 300; }));
  CHECK(std::any_of(later.begin(), later.end(),
                    [&](Handle task) { return task.index() == first.index(); }));
  f.runtime().wake(first);
  CHECK(f.runtime().abort(f.owner(), first) == Status::kStale);
  // A task spawned afterwards runs behind whatever the wake could have queued.
  f.spawn(type, [](PollContext&) { return kPollReady; });
  REQUIRE(eventually([&] { return f.dropped() == 3; }));
  CHECK(polls == 300);
}

TEST_CASE("two tasks that wake each other do not starve a third") {
  const unsigned workers = GENERATE(1u, 2u);
  Fixture f(workers);
  const TypeId type = f.type("pair");
  std::atomic<bool> stop{false};
  Handle pair[2];
  std::atomic<bool> ready{false};
  for (int i = 0; i < 2; ++i) {
    pair[i] = f.spawn(type, [&, i](PollContext&) {
      if (!ready) return kPollYield;
      if (stop) return kPollReady;
      f.runtime().wake(pair[1 - i]);
      return kPollPending;
    });
  }
  ready = true;
  std::atomic<int> third{0};
  f.spawn(type, [&](PollContext&) { return ++third == 100 ? kPollReady : kPollYield; });
  CHECK(eventually([&] { return third == 100; }));
  stop = true;
  for (const Handle task : pair)
    f.runtime().wake(task);
  f.wait_until_all_ended();
}

TEST_CASE("the budget asks a task that always finds something ready to yield") {
  Options options = Fixture::with_workers(1);
  options.poll_budget = 5;
  Fixture f(options);
  const TypeId type = f.type("greedy");
  std::atomic<int> granted{0};
  std::atomic<int> polls{0};
  std::atomic<bool> fresh_budget{true};
  f.spawn(type, [&](PollContext& cx) {
    ++polls;
    fresh_budget = fresh_budget && cx.budget == 5;
    while (granted < 23) {
      if (!f.runtime().spend_budget()) return kPollPending;
      ++granted;
    }
    return kPollReady;
  });
  CHECK(eventually([&] { return f.dropped() == 1; }));
  CHECK(polls == 5);
  CHECK(fresh_budget);
  CHECK(f.runtime().spend_budget());  // no poll, no budget
}

}  // namespace
}  // namespace ekiden::runtime::test
