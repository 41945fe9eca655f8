#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("every task spawned from outside runs exactly once") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("count");
  std::atomic<int> runs{0};
  for (int i = 0; i < 5000; ++i) {
    f.spawn(type, [&](PollContext&) {
      ++runs;
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return f.dropped() == 5000; }));
  CHECK(runs == 5000);
}

TEST_CASE("every task spawned by a task runs, through overflow and stealing") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Options options = Fixture::with_workers(workers);
  options.local_queue_capacity = 4;
  Fixture f(options);
  const TypeId type = f.type("tree");
  std::atomic<int> leaves{0};
  std::function<std::int32_t(int)> grow = [&](int depth) {
    if (depth == 0) {
      ++leaves;
      return kPollReady;
    }
    for (int i = 0; i < 10; ++i)
      f.spawn(type, [&, depth](PollContext&) { return grow(depth - 1); });
    return kPollReady;
  };
  f.spawn(type, [&](PollContext&) { return grow(4); });
  CHECK(eventually([&] { return leaves == 10'000; }));
  CHECK(f.runtime().queue_info().overflows > 0);
}

TEST_CASE("many outside threads spawn at once") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("count");
  std::atomic<int> runs{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        f.spawn(type, [&](PollContext&) {
          ++runs;
          return kPollReady;
        });
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(eventually([&] { return runs == 6000; }));
}

TEST_CASE("a batch is committed in order, and a foreign or stale handle ends it") {
  Fixture f(2);
  const TypeId type = f.type("batch");
  std::atomic<int> runs{0};
  const auto body = [&](PollContext&) {
    ++runs;
    return kPollReady;
  };
  std::vector<std::uint64_t> tasks;
  for (int i = 0; i < 10; ++i) {
    Handle task;
    REQUIRE(f.reserve(type, body, task) == Status::kOk);
    tasks.push_back(task.bits());
  }
  const std::uint64_t last = tasks.back();
  tasks.back() = Handle(HandleKind::kTask, 7, 4711).bits();
  std::size_t committed = 0;
  CHECK(f.runtime().commit_n(f.owner(), tasks.data(), tasks.size(), {}, committed) ==
        Status::kStale);
  CHECK(committed == 9);
  CHECK(f.runtime().commit(f.owner(), Handle(last), {}) == Status::kOk);
  CHECK(eventually([&] { return runs == 10; }));
}

TEST_CASE("misuse of a reservation is refused by name") {
  Fixture f(1);
  const TypeId type = f.type("one");
  Handle task;
  REQUIRE(f.reserve(
              type, [](PollContext&) { return kPollReady; }, task) == Status::kOk);
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);

  CHECK(f.runtime().commit(other, task, {}) == Status::kForeign);
  CHECK(f.runtime().abort(f.owner(), task) == Status::kWrongState);
  CHECK(f.runtime().commit(f.owner(), Handle(), {}) == Status::kInvalid);
  SpawnOptions child;
  child.child = true;
  CHECK(f.runtime().commit(f.owner(), task, child) == Status::kWrongThread);
  f.discard(task);
  CHECK(f.runtime().discard(f.owner(), task) == Status::kStale);
  CHECK(f.runtime().commit(f.owner(), task, {}) == Status::kStale);

  void* state = nullptr;
  CHECK(f.runtime().reserve(other, type, 0, 0, state, task) == Status::kForeign);
  CHECK(f.runtime().reserve(f.owner(), 60'000, 0, 0, state, task) == Status::kInvalid);
  CHECK(f.runtime().reserve(f.owner(), type, 0, 3, state, task) == Status::kInvalid);
  CHECK(f.runtime().reserve(f.owner(), type, kStateBytesMax + 1, 0, state, task) ==
        Status::kTooBig);
}

TEST_CASE("a spawn beyond the global queue's capacity is refused, and the reservation stands") {
  Options options = Fixture::with_workers(1);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 8;
  Fixture f(options);
  const TypeId type = f.type("fill");
  Gate gate;
  std::atomic<bool> inside{false};
  f.spawn(type, [&](PollContext&) {
    inside = true;
    gate.pass();
    return kPollReady;
  });
  REQUIRE(eventually([&] { return inside.load(); }));
  int accepted = 0;
  Status why = Status::kOk;
  while (!f.spawn(
               type, [](PollContext&) { return kPollReady; }, {}, &why)
              .is_null())
    ++accepted;
  CHECK(accepted == 8);
  CHECK(why == Status::kFull);
  CHECK(f.runtime().queue_info().refusals == 1);

  Handle kept;
  REQUIRE(f.reserve(
              type, [](PollContext&) { return kPollReady; }, kept) == Status::kOk);
  CHECK(f.runtime().commit(f.owner(), kept, {}) == Status::kFull);
  gate.open();
  CHECK(eventually([&] { return f.dropped() == 9; }));
  CHECK(f.runtime().commit(f.owner(), kept, {}) == Status::kOk);
  CHECK(eventually([&] { return f.dropped() == 10; }));
}

TEST_CASE("a worker's spawns overflow, and are refused when the global queue is full, too") {
  const unsigned workers = GENERATE(1u, 3u);
  Options options = Fixture::with_workers(workers);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 64;
  Fixture f(options);
  const TypeId type = f.type("flood");
  std::atomic<int> accepted{0};
  std::atomic<int> full{0};
  std::atomic<int> runs{0};
  std::atomic<bool> done{false};
  f.spawn(type, [&](PollContext&) {
    for (int i = 0; i < 1000; ++i) {
      Status why = Status::kOk;
      f.spawn(
          type,
          [&](PollContext&) {
            ++runs;
            return kPollReady;
          },
          {}, &why);
      ++(why == Status::kOk ? accepted : full);
    }
    done = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] { return done.load(); }));
  CHECK(accepted + full == 1000);
  CHECK(accepted >= 64);
  CHECK(eventually([&] { return runs == accepted; }));
  const QueueInfo queues = f.runtime().queue_info();
  CHECK(queues.overflows > 0);
  CHECK(queues.refusals == static_cast<std::uint64_t>(full));
  if (workers == 1) CHECK(full > 0);
}

TEST_CASE("batches and spawns for the ring's end ask for room in the ring, not in the LIFO slot") {
  const std::size_t batch = GENERATE(1u, 3u);
  CAPTURE(batch);
  Options options = Fixture::with_workers(1);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 16;
  Fixture f(options);
  const TypeId type = f.type("batches");
  SpawnOptions last;
  last.hint = SpawnHint::kLast;
  std::atomic<std::uint64_t> depth{0};
  std::atomic<int> full{0};
  std::atomic<bool> done{false};
  f.spawn(type, [&](PollContext&) {
    for (int i = 0; i < 100; ++i) {
      std::vector<std::uint64_t> tasks(batch);
      for (std::uint64_t& bits : tasks) {
        Handle task;
        static_cast<void>(f.reserve(
            type, [](PollContext&) { return kPollReady; }, task));
        bits = task.bits();
      }
      std::size_t committed = 0;
      if (f.runtime().commit_n(f.owner(), tasks.data(), batch, last, committed) == Status::kFull) {
        ++full;
      }
      for (; committed < batch; ++committed)
        f.discard(Handle(tasks[committed]));
    }
    depth = f.runtime().queue_info().global_depth;
    done = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] { return done.load(); }));
  CHECK(depth <= 16);
  CHECK(full > 0);
}

TEST_CASE("a child of another owner's task is refused") {
  Fixture f(1);
  const TypeId type = f.type("parent");
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  TaskTypeSpec spec;
  spec.name = "stranger";
  spec.poll = [](void*, PollContext*) { return kPollReady; };
  TypeId stranger = 0;
  REQUIRE(f.runtime().type_register(other, spec, stranger) == Status::kOk);
  std::atomic<Status> as_child{Status::kOk};
  std::atomic<Status> alone{Status::kFailed};
  f.spawn(type, [&](PollContext&) {
    void* state = nullptr;
    Handle task;
    SpawnOptions child;
    child.child = true;
    if (f.runtime().reserve(other, stranger, 0, 0, state, task) != Status::kOk) return kPollFailed;
    as_child = f.runtime().commit(other, task, child);
    alone = f.runtime().commit(other, task, {});
    return kPollReady;
  });
  CHECK(eventually([&] { return f.runtime().live_tasks() == 0; }));
  CHECK(as_child == Status::kForeign);
  CHECK(alone == Status::kOk);
}

TEST_CASE("the owner's task limit holds, and a freed task makes room") {
  Fixture f(Fixture::with_workers(2), /*task_limit=*/3);
  const TypeId type = f.type("limited");
  std::vector<Handle> tasks;
  for (int i = 0; i < 3; ++i) {
    tasks.push_back(f.spawn(type, [](PollContext&) { return kPollPending; }));
  }
  Status why = Status::kOk;
  CHECK(f.spawn(
             type, [](PollContext&) { return kPollReady; }, {}, &why)
            .is_null());
  CHECK(why == Status::kLimit);
  CHECK(f.runtime().owner_refusals(f.owner()) == 1);
  CHECK(f.runtime().abort(f.owner(), tasks.front()) == Status::kOk);
  CHECK(eventually([&] { return f.dropped() == 1; }));
  CHECK_FALSE(f.spawn(type, [](PollContext&) { return kPollReady; }).is_null());
}

TEST_CASE("an owner that drains spawns nothing more") {
  Fixture f(2);
  const TypeId type = f.type("late");
  Handle reserved;
  REQUIRE(f.reserve(
              type, [](PollContext&) { return kPollReady; }, reserved) == Status::kOk);
  f.runtime().owner_stop_admission(f.owner());
  Status why = Status::kOk;
  CHECK(f.spawn(
             type, [](PollContext&) { return kPollReady; }, {}, &why)
            .is_null());
  CHECK(why == Status::kDraining);
  CHECK(f.runtime().commit(f.owner(), reserved, {}) == Status::kDraining);
  f.discard(reserved);
}

TEST_CASE("state sizes from none to the largest keep their alignment and bytes") {
  Fixture f(2);
  struct Case {
    std::size_t size, align;
  };
  const Case cases[] = {{0, 1},
                        {1, 1},
                        {48, 16},
                        {49, 16},
                        {64, 64},
                        {928, 16},
                        {960, 64},
                        {944, 16},
                        {945, 16},
                        {4096, 64},
                        {kStateBytesMax, 64}};
  TaskTypeSpec spec;
  spec.name = "sized";
  spec.poll = [](void*, PollContext*) { return kPollReady; };
  TypeId type = 0;
  REQUIRE(f.runtime().type_register(f.owner(), spec, type) == Status::kOk);
  for (const Case& c : cases) {
    CAPTURE(c.size, c.align);
    void* state = nullptr;
    Handle task;
    REQUIRE(f.runtime().reserve(f.owner(), type, c.size, c.align, state, task) == Status::kOk);
    CHECK(reinterpret_cast<std::uintptr_t>(state) % c.align == 0);
    std::fill_n(static_cast<unsigned char*>(state), c.size, static_cast<unsigned char>(0xa5));
    CHECK(f.runtime().commit(f.owner(), task, {}) == Status::kOk);
  }
  CHECK(eventually([&] { return f.runtime().live_tasks() == 0; }));
}

}  // namespace
}  // namespace ekiden::runtime::test
