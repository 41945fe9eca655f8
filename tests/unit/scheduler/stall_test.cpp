// What the monitor says of a poll that lasts: told, counted, and not when nobody ran.
#include "tests/unit/scheduler/stuck.hpp"

namespace ekiden::runtime::test {
namespace {

TypeInfo type_row(Runtime& runtime, TypeId id) {
  for (const TypeInfo& row : runtime.list_types()) {
    if (row.id == id) return row;
  }
  return {};
}

std::uint64_t stalls_of_workers(Runtime& runtime) {
  std::uint64_t stalls = 0;
  for (const WorkerInfo& row : runtime.list_workers())
    stalls += row.stalls;
  return stalls;
}

TEST_CASE("a stall is told when it begins, when it is replaced and when it is over") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  StallLog log;
  Options options = quick_to_replace(workers);
  log.listen(options);
  Fixture f(options);
  const TypeId type = f.type("sluggish");
  {
    Stuck stuck(f, type, 1);
    CHECK(eventually([&] { return log.count(StallEvent::kReplaced) == 1; }));
    CHECK(log.count(StallEvent::kReturned) == 0);
  }
  REQUIRE(eventually([&] { return log.count(StallEvent::kReturned) == 1; }));
  REQUIRE(log.count(StallEvent::kLasts) == 1);
  const Stall first = log.of(StallEvent::kLasts)[0];
  const Stall replaced = log.of(StallEvent::kReplaced)[0];
  const Stall last = log.of(StallEvent::kReturned)[0];
  CHECK(first.worker < workers);
  CHECK(first.owner == f.owner());
  CHECK(first.type == "sluggish");
  CHECK(first.lasted_ns >= options.stall_report_ns);
  CHECK(replaced.replacement == workers);
  CHECK(replaced.lasted_ns >= options.stall_replace_ns);
  for (const Stall& later : {replaced, last}) {
    CHECK(later.worker == first.worker);
    CHECK(later.task == first.task);
    CHECK(later.type == first.type);
  }
  CHECK(last.lasted_ns >= replaced.lasted_ns);
}

TEST_CASE("stalls are counted by worker and by type, with the longest") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  StallLog log;
  Options options = quick_to_replace(workers);
  log.listen(options);
  Fixture f(options);
  const TypeId good = f.type("good");
  const TypeId bad = f.type("bad");
  for (std::size_t round = 1; round <= 3; ++round) {
    Stuck stuck(f, bad, 1);
    // Counted while it lasts.
    CHECK(eventually([&] { return type_row(f.runtime(), bad).stalls == round; }));
    CHECK(stalls_of_workers(f.runtime()) == round);
    CHECK(type_row(f.runtime(), bad).longest_stall_ns >= options.stall_report_ns);
    f.spawn(good, [](PollContext&) { return kPollReady; });
  }
  CHECK(eventually([&] { return log.count(StallEvent::kReturned) == 3; }));
  CHECK(type_row(f.runtime(), bad).stalls == 3);
  CHECK(type_row(f.runtime(), good).stalls == 0);
  CHECK(type_row(f.runtime(), good).longest_stall_ns == 0);
  Nanos longest = 0;
  for (const Stall& stall : log.of(StallEvent::kReturned))
    longest = std::max(longest, stall.lasted_ns);
  CHECK(type_row(f.runtime(), bad).longest_stall_ns == longest);
}

TEST_CASE("a new type does not inherit the stalls of the one whose place it has") {
  StallLog log;
  Options options = quick_to_replace(2);
  log.listen(options);
  Fixture f(options);
  OwnerId owner = kRuntimeOwner;
  REQUIRE(f.runtime().owner_open("leaves", 0, owner) == Status::kOk);
  static std::atomic<bool> held;
  held = true;
  TaskTypeSpec spec;
  spec.name = "held";
  spec.poll = [](void*, PollContext*) {
    held.wait(true);
    return kPollReady;
  };
  TypeId before = 0;
  REQUIRE(f.runtime().type_register(owner, spec, before) == Status::kOk);
  void* state = nullptr;
  Handle task;
  REQUIRE(f.runtime().reserve(owner, before, 0, 0, state, task) == Status::kOk);
  REQUIRE(f.runtime().commit(owner, task, {}) == Status::kOk);
  CHECK(eventually([&] { return type_row(f.runtime(), before).stalls == 1; }));
  held = false;
  held.notify_all();
  CHECK(eventually([&] { return log.count(StallEvent::kReturned) == 1; }));
  f.runtime().owner_stop_admission(owner);
  REQUIRE(eventually([&] { return f.runtime().owner_quiescent(owner); }));
  f.runtime().owner_close(owner);
  const TypeId after = f.type("fresh");
  REQUIRE(after == before);
  CHECK(type_row(f.runtime(), after).stalls == 0);
  CHECK(type_row(f.runtime(), after).longest_stall_ns == 0);
}

// Stands for the system's clock, so the monitor goes by it.
class SimulatedClock final : public Clock {
 public:
  Nanos now_ns() const noexcept override { return clock_.now_ns(); }
  void advance(Nanos by_ns) noexcept { clock_.advance(by_ns); }

 private:
  ManualClock clock_;
};

TEST_CASE("time in which nobody ran is no stall") {
  SimulatedClock clock;
  StallLog log;
  Options options = Fixture::with_workers(2);
  // A late tick counts for 20 ms.
  options.stall_report_ns = 500 * kNanosPerMilli;
  log.listen(options);
  Fixture f(options, 0, clock);
  const TypeId type = f.type("suspended");
  Stuck stuck(f, type, 1);
  // The monitor has to have seen the poll, or there is nothing that it could count.
  const auto seen = [&] {
    const auto running = f.runtime().owner_running(f.owner());
    return running.empty() ? Nanos{0} : running[0].for_ns;
  };
  REQUIRE(eventually([&] {
    clock.advance(kNanosPerMilli);
    return seen() > 0;
  }));
  for (int i = 0; i < 3; ++i) {
    clock.advance(3600 * kNanosPerSecond);
    // What is left of the hour once a tick has come.
    CHECK(eventually([&] { return seen() < kNanosPerSecond; }));
  }
  CHECK(log.count(StallEvent::kLasts) == 0);
  // Ticks that come in time do count.
  CHECK(eventually([&] {
    clock.advance(5 * kNanosPerMilli);
    return log.count(StallEvent::kLasts) == 1;
  }));
  CHECK(log.of(StallEvent::kLasts)[0].lasted_ns < kNanosPerSecond);
}

TEST_CASE("a worker that is between two polls is not stuck") {
  StallLog log;
  Options options = quick_to_replace(2);
  log.listen(options);
  Fixture f(options);
  const TypeId type = f.type("waits");
  for (int i = 0; i < 10; ++i)
    f.spawn(type, [](PollContext&) { return kPollPending; });
  std::this_thread::sleep_for(100ms);
  CHECK(log.count(StallEvent::kLasts) == 0);
  CHECK(count_stuck(f.runtime()) == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
