// Poll times and delays as the scheduler records them. Most turn a clock by hand within the poll,
// so that what is recorded does not depend on the machine.

#include <numeric>
#include <vector>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

// One owner, one worker's clock turned by the polls themselves.
class TurnedClock {
 public:
  explicit TurnedClock(unsigned workers) : runtime_(Fixture::with_workers(workers), clock_) {
    REQUIRE(runtime_.owner_open("turned", 0, owner_) == Status::kOk);
    runtime_.start();
  }
  ~TurnedClock() { CHECK(runtime_.shutdown(kNever).empty()); }

  // A task of `polls` polls, each of which turns the clock by length(n), n counting from 0.
  using Length = std::function<Nanos(unsigned n)>;
  TypeId type(std::string name) {
    TaskTypeSpec spec;
    spec.name = std::move(name);
    spec.poll = [](void* state, PollContext*) {
      State& s = *static_cast<State*>(state);
      s.self->clock_.advance(s.length(s.polled));
      return ++s.polled < s.polls ? kPollYield : kPollReady;
    };
    spec.drop = [](void* state) { static_cast<State*>(state)->~State(); };
    spec.state_size = sizeof(State);
    TypeId id = 0;
    REQUIRE(runtime_.type_register(owner_, spec, id) == Status::kOk);
    return id;
  }
  void spawn(TypeId type, unsigned polls, Length length) {
    void* memory = nullptr;
    Handle task;
    REQUIRE(runtime_.reserve(owner_, type, 0, 0, memory, task) == Status::kOk);
    new (memory) State{this, polls, 0, std::move(length)};
    REQUIRE(runtime_.commit(owner_, task, {}) == Status::kOk);
  }
  void run() {
    REQUIRE(eventually([&] { return runtime_.live_tasks() == 0; }));
  }
  // Until the worker has counted everything, which it does before it looks for other work.
  HistogramSnapshot poll_times(TypeId type, std::uint64_t count) {
    REQUIRE(eventually([&] { return runtime_.type_times(type).poll.count() == count; }));
    return runtime_.type_times(type).poll;
  }
  Runtime& runtime() { return runtime_; }
  OwnerId owner() const { return owner_; }

 private:
  struct State {
    TurnedClock* self;
    unsigned polls;
    unsigned polled;
    Length length;
  };
  ManualClock clock_;
  Runtime runtime_;
  OwnerId owner_ = kRuntimeOwner;
};

bool about(Nanos found, Nanos real) { return found * 8 >= real * 7 && found * 8 <= real * 9; }

TEST_CASE("polls longer than the clock's period are each recorded as they were") {
  TurnedClock f(1);
  const TypeId type = f.type("long");
  f.spawn(type, 200, [](unsigned n) { return (n % 100 == 0 ? 3 : 1) * kNanosPerMilli; });
  f.run();
  const HistogramSnapshot poll = f.poll_times(type, 200);
  CHECK(about(poll.quantile(0.5), kNanosPerMilli));
  CHECK(about(poll.max(), 3 * kNanosPerMilli));
  CHECK(poll.count_below(Nanos{1} << 21) == 198);
  CHECK(poll.sum_ns == 204 * kNanosPerMilli);
}

TEST_CASE("short polls are counted whole, and a long one among them is found") {
  TurnedClock f(1);
  const TypeId type = f.type("short");
  f.spawn(type, 100'000, [](unsigned n) { return n == 77'777 ? 30 * kNanosPerMilli : 100; });
  f.run();
  const HistogramSnapshot poll = f.poll_times(type, 100'000);
  CHECK(about(poll.quantile(0.5), 100));
  CHECK(about(poll.quantile(0.9999), 100));
  CHECK(about(poll.max(), 30 * kNanosPerMilli));
  CHECK(poll.sum_ns == 99'999 * 100 + 30 * kNanosPerMilli);
}

TEST_CASE("two kinds of short polls are both seen, in their shares") {
  TurnedClock f(1);
  const TypeId type = f.type("mixed");
  // One in five takes 2 us; no period of the scheduler divides this pattern.
  f.spawn(type, 300'000,
          [](unsigned n) { return n * 2654435761u % 1000 < 200 ? 2 * kNanosPerMicro : 100; });
  f.run();
  const HistogramSnapshot poll = f.poll_times(type, 300'000);
  const double share = static_cast<double>(poll.count() - poll.count_below(1024)) / 300'000.0;
  CHECK(share > 0.1);
  CHECK(share < 0.3);
}

TEST_CASE("types that take turns are told apart, and their time adds up to the workers'") {
  TurnedClock f(1);
  const TypeId fast = f.type("fast");
  const TypeId slow = f.type("slow");
  for (int i = 0; i < 10; ++i) {
    f.spawn(fast, 1000, [](unsigned) { return 200; });
    f.spawn(slow, 1000, [](unsigned) { return 40 * kNanosPerMicro; });
  }
  f.run();
  CHECK(about(f.poll_times(fast, 10'000).quantile(0.5), 200));
  CHECK(about(f.poll_times(slow, 10'000).quantile(0.5), 40 * kNanosPerMicro));
  const auto types = f.runtime().list_types();
  const auto busy = std::accumulate(types.begin(), types.end(), std::uint64_t{0},
                                    [](auto sum, const TypeInfo& t) { return sum + t.busy_ns; });
  CHECK(busy == f.runtime().list_workers().front().busy_ns);
  CHECK(busy == 10'000 * (200 + 40 * kNanosPerMicro));
}

TEST_CASE("a task behind a long poll has waited that long, and one that does not has not") {
  TurnedClock f(1);
  const TypeId blocker = f.type("blocker");
  const TypeId victim = f.type("victim");
  std::atomic<bool> go{false};
  f.spawn(blocker, 1, [&](unsigned) {
    // Until the victim is queued: stamped before the clock is turned.
    go.wait(false);
    return 50 * kNanosPerMilli;
  });
  REQUIRE(eventually([&] { return !f.runtime().list_workers().front().current_task.is_null(); }));
  f.spawn(victim, 1, [](unsigned) { return 0; });
  go = true;
  go.notify_all();
  f.run();
  REQUIRE(eventually([&] { return f.runtime().type_times(victim).delay.count() == 1; }));
  CHECK(about(f.runtime().type_times(victim).delay.max(), 50 * kNanosPerMilli));
  CHECK(f.runtime().type_times(blocker).delay.max() == 0);
}

TEST_CASE("a task woken behind a long poll of its waker did not wait for that poll") {
  TurnedClock f(1);
  const TypeId type = f.type("yields");
  // Each poll queues the task again at its end; nothing else runs.
  f.spawn(type, 500, [](unsigned) { return 5 * kNanosPerMilli; });
  f.run();
  CHECK(f.runtime().type_times(type).delay.max() == 0);
}

TEST_CASE("every worker's times are those of the types it ran, also after the types have gone") {
  const unsigned workers = GENERATE(1, 4);
  CAPTURE(workers);
  TurnedClock f(workers);
  const TypeId type = f.type("passing");
  for (int i = 0; i < 50; ++i)
    f.spawn(type, 100, [](unsigned) { return 1000; });
  f.run();
  const auto on_workers = [&] {
    std::uint64_t count = 0;
    for (unsigned id = 0; id < workers; ++id)
      count += f.runtime().worker_times(id).poll.count();
    return count;
  };
  CHECK(eventually([&] { return on_workers() == 5000; }));
  f.runtime().owner_stop_admission(f.owner());
  REQUIRE(eventually([&] { return f.runtime().owner_quiescent(f.owner()); }));
  f.runtime().owner_close(f.owner());
  CHECK(on_workers() == 5000);
  CHECK(f.runtime().list_types().empty());
}

TEST_CASE("a type registered again begins with empty histograms") {
  TurnedClock f(1);
  OwnerId owner = kRuntimeOwner;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(f.runtime().owner_open("again", 0, owner) == Status::kOk);
    TaskTypeSpec spec;
    spec.name = "once";
    spec.poll = [](void*, PollContext*) { return kPollReady; };
    TypeId type = 0;
    REQUIRE(f.runtime().type_register(owner, spec, type) == Status::kOk);
    CHECK(f.runtime().type_times(type).poll.count() == 0);
    void* memory = nullptr;
    Handle task;
    REQUIRE(f.runtime().reserve(owner, type, 0, 0, memory, task) == Status::kOk);
    REQUIRE(f.runtime().commit(owner, task, {}) == Status::kOk);
    CHECK(eventually([&] { return f.runtime().type_times(type).poll.count() == 1; }));
    CHECK(f.runtime().type_times(type).delay.count() == 1);
    f.runtime().owner_stop_admission(owner);
    REQUIRE(eventually([&] { return f.runtime().owner_quiescent(owner); }));
    f.runtime().owner_close(owner);
  }
}

TEST_CASE("the time of all types is the workers' busy time, on the real clock") {
  const unsigned workers = GENERATE(1, 2, 4);
  CAPTURE(workers);
  Fixture f(workers);
  std::vector<TypeId> types;
  for (const char* name : {"a", "b", "c"})
    types.push_back(f.type(name));
  for (int i = 0; i < 60; ++i) {
    f.spawn(types[static_cast<std::size_t>(i % 3)], [&f, i, left = 300](PollContext&) mutable {
      const Nanos until = f.runtime().now_ns() + (i % 3 == 2 ? 50 : 0) * kNanosPerMicro;
      while (f.runtime().now_ns() < until) {
      }
      return --left > 0 ? kPollYield : kPollReady;
    });
  }
  f.wait_until_all_ended();
  const auto parked = [&] {
    for (const WorkerInfo& worker : f.runtime().list_workers())
      if (worker.state != "parked" && worker.state != "reactor") return false;
    return true;
  };
  REQUIRE(eventually(parked));
  std::uint64_t by_type = 0;
  std::uint64_t by_worker = 0;
  for (const TypeInfo& type : f.runtime().list_types())
    by_type += type.busy_ns;
  for (const WorkerInfo& worker : f.runtime().list_workers())
    by_worker += worker.busy_ns;
  CHECK(by_worker > 0);
  CHECK(by_type <= by_worker + by_worker / 100);
  CHECK(by_type + by_worker / 100 >= by_worker);
}

}  // namespace
}  // namespace ekiden::runtime::test
