// What must go on while workers are busy or stuck, and what must stand still while they are not.

#include <fstream>

#include <dirent.h>
#include <unistd.h>

#include "runtime/reactor/reactor.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

// Blocks all but `free` workers in polls.
class Jam {
 public:
  Jam(Fixture& f, TypeId type, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      f.spawn(type, [this](PollContext&) {
        ++inside_;
        gate_.pass();
        --inside_;
        return kPollReady;
      });
    }
    REQUIRE(eventually([&] { return inside_ == static_cast<int>(count); }));
  }
  ~Jam() {
    gate_.open();
    eventually([&] { return inside_ == 0; });
  }

 private:
  Gate gate_;
  std::atomic<int> inside_{0};
};

// A task that sleeps `for_ns` on a timer and then calls `fired`.
Fixture::Body sleeper(Fixture& f, Nanos for_ns, std::function<void(Nanos due)> fired) {
  return [&f, for_ns, fired, timer = Handle(), due = Nanos{0}](PollContext& cx) mutable {
    if (timer.is_null()) {
      if (f.runtime().timer_create(f.owner(), timer) != Status::kOk) return kPollFailed;
      due = f.runtime().now_ns() + for_ns;
      static_cast<void>(f.runtime().timer_arm(f.owner(), timer, due));
    }
    if (f.runtime().timer_poll(f.owner(), timer, Waker(cx.waker)) == Status::kPending) {
      return kPollPending;
    }
    fired(due);
    static_cast<void>(f.runtime().timer_close(f.owner(), timer));
    return kPollReady;
  };
}

TEST_CASE("a timer never fires early, and fires on an idle runtime") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("sleeper");
  std::atomic<int> early{0};
  std::atomic<int> fired{0};
  for (int i = 0; i < 200; ++i) {
    f.spawn(type, sleeper(f, (i % 40) * kNanosPerMilli, [&](Nanos due) {
              if (f.runtime().now_ns() < due) ++early;
              ++fired;
            }));
  }
  CHECK(eventually([&] { return fired == 200; }));
  CHECK(early == 0);
}

TEST_CASE("a timer armed from outside reaches the sleeper in the reactor") {
  Fixture f(1);
  const TypeId type = f.type("armed");
  Handle timer;
  REQUIRE(f.runtime().timer_create(f.owner(), timer) == Status::kOk);
  std::atomic<bool> fired{false};
  std::atomic<bool> waiting{false};
  REQUIRE(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + 3600 * kNanosPerSecond) ==
          Status::kOk);
  f.spawn(type, [&](PollContext& cx) {
    if (f.runtime().timer_poll(f.owner(), timer, Waker(cx.waker)) == Status::kPending) {
      waiting = true;
      return kPollPending;
    }
    fired = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] { return f.runtime().list_workers()[0].state == "reactor" && waiting; }));
  REQUIRE(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + kNanosPerMilli) ==
          Status::kOk);
  CHECK(eventually([&] { return fired.load(); }));
  CHECK(f.runtime().timer_close(f.owner(), timer) == Status::kOk);
}

TEST_CASE("timers and events are served while every other worker is stuck (invariant 6)") {
  const unsigned workers = GENERATE(2u, 3u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("jam");
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Handle source;
  int os_error = 0;
  REQUIRE(f.runtime().reactor().adopt(f.owner(), ends[0], source, os_error) == Status::kOk);
  std::atomic<int> read_bytes{0};
  f.spawn(type, [&](PollContext& cx) {
    char byte = 0;
    std::size_t count = 0;
    int error = 0;
    for (;;) {
      const Status status =
          f.runtime().reactor().read(f.owner(), source, Waker(cx.waker), &byte, 1, count, error);
      if (status == Status::kPending) return kPollPending;
      if (status != Status::kOk || count == 0) return kPollReady;
      ++read_bytes;
    }
  });
  std::atomic<bool> fired{false};
  f.spawn(type, sleeper(f, 30 * kNanosPerMilli, [&](Nanos) { fired = true; }));
  {
    Jam jam(f, type, workers - 1);
    REQUIRE(write(ends[1], "x", 1) == 1);
    CHECK(eventually([&] { return read_bytes == 1; }));
    CHECK(eventually([&] { return fired.load(); }));
  }
  close(ends[1]);
  CHECK(eventually([&] { return f.runtime().live_tasks() == 0; }));
  CHECK(f.runtime().reactor().close(f.owner(), source) == Status::kOk);
}

TEST_CASE("a stuck worker's ring and LIFO slot are taken (invariants 4 and 6)") {
  const unsigned workers = GENERATE(2u, 3u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("stuck");
  Gate gate;
  std::atomic<int> children{0};
  f.spawn(type, [&](PollContext&) {
    // The last of these stays in the LIFO slot, the others are in the ring.
    for (int i = 0; i < 10; ++i) {
      f.spawn(type, [&](PollContext&) {
        ++children;
        return kPollReady;
      });
    }
    gate.pass();
    return kPollReady;
  });
  CHECK(eventually([&] { return children == 10; }));
  gate.open();
  f.wait_until_all_ended();
}

TEST_CASE("a single child in the LIFO slot of a stuck worker is run by another") {
  Fixture f(2);
  const TypeId type = f.type("parent");
  Gate gate;
  std::atomic<bool> child{false};
  f.spawn(type, [&](PollContext&) {
    f.spawn(type, [&](PollContext&) {
      child = true;
      return kPollReady;
    });
    gate.pass();
    return kPollReady;
  });
  CHECK(eventually([&] { return child.load(); }));
  gate.open();
  f.wait_until_all_ended();
}

TEST_CASE("the global queue is served while workers have enough to do at home (invariant 6)") {
  const unsigned workers = GENERATE(1u, 2u);
  Fixture f(workers);
  const TypeId type = f.type("busy");
  std::atomic<bool> stop{false};
  for (unsigned i = 0; i < 20 * workers; ++i) {
    f.spawn(type, [&](PollContext&) { return stop ? kPollReady : kPollYield; });
  }
  std::atomic<int> outside{0};
  for (int i = 0; i < 50; ++i) {
    f.spawn(type, [&](PollContext&) {
      ++outside;
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return outside == 50; }));
  stop = true;
  f.wait_until_all_ended();
}

TEST_CASE("a stall is reported once, while it lasts, with its type and task") {
  std::atomic<int> reports{0};
  std::atomic<std::uint64_t> reported_task{0};
  std::string type_name;
  Options options = Fixture::with_workers(2);
  options.stall_report_ns = 20 * kNanosPerMilli;
  options.on_stall = [&](const Stall& stall) {
    if (stall.event != StallEvent::kLasts) return;
    type_name = stall.type;
    reported_task = stall.task.bits();
    ++reports;
  };
  Fixture f(options);
  const TypeId type = f.type("sluggish");
  Gate gate;
  const Handle task = f.spawn(type, [&](PollContext&) {
    gate.pass();
    return kPollReady;
  });
  CHECK(eventually([&] { return reports == 1; }));
  CHECK(f.dropped() == 0);
  std::this_thread::sleep_for(100ms);
  gate.open();
  CHECK(eventually([&] { return f.dropped() == 1; }));
  CHECK(reports == 1);
  CHECK(type_name == "sluggish");
  CHECK(reported_task == task.bits());
}

bool is_ours(const std::string& id) {
  std::ifstream file("/proc/self/task/" + id + "/comm");
  std::string name;
  return std::getline(file, name) && name.rfind("ekiden-", 0) == 0;
}

// Voluntary and involuntary context switches of the runtime's threads. Sanitizers have threads of
// their own, which wake up all the time.
long context_switches() {
  long total = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) {
    const std::string id = entry->d_name;
    if (id[0] == '.' || !is_ours(id)) continue;
    std::ifstream status("/proc/self/task/" + id + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.find("ctxt_switches:") == std::string::npos) continue;
      total += std::stol(line.substr(line.find(':') + 1));
    }
  }
  closedir(tasks);
  return total;
}

TEST_CASE("an idle runtime does not wake up (invariant 9)") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("waits");
  for (int i = 0; i < 100; ++i)
    f.spawn(type, [](PollContext&) { return kPollPending; });
  // Settled when nothing has moved for a while.
  long before = -1;
  CHECK(eventually([&] {
    const long first = context_switches();
    std::this_thread::sleep_for(500ms);
    before = context_switches();
    return first == before;
  }));
  CHECK(before > 0);
  for (const WorkerInfo& worker : f.runtime().list_workers()) {
    CHECK((worker.state == "parked" || worker.state == "reactor"));
  }
}

}  // namespace
}  // namespace ekiden::runtime::test
