// Workers that stand in for others whose poll does not return.
#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "runtime/reactor/reactor.hpp"
#include "tests/unit/scheduler/stuck.hpp"

namespace ekiden::runtime::test {
namespace {

unsigned worker_threads() {
  unsigned count = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) {
    std::ifstream file("/proc/self/task/" + std::string(entry->d_name) + "/comm");
    std::string name;
    count += std::getline(file, name) && name.rfind("ekiden-w", 0) == 0;
  }
  closedir(tasks);
  return count;
}

bool all_left(Runtime& runtime) {
  return eventually([&] {
    return present(runtime).size() == runtime.workers() && worker_threads() == runtime.workers();
  });
}

// A task that sleeps on a timer, and one that waits for a byte.
struct Waiting {
  explicit Waiting(Fixture& f) : f(f), type(f.type("waiting")) {
    REQUIRE(pipe(ends) == 0);
    int os_error = 0;
    REQUIRE(f.runtime().reactor().adopt(f.owner(), ends[0], source, os_error) == Status::kOk);
    f.spawn(type, [this](PollContext& cx) { return read(cx); });
  }
  ~Waiting() {
    close(ends[1]);
    f.wait_until_all_ended();
    CHECK(f.runtime().reactor().close(f.owner(), source) == Status::kOk);
  }

  // On the worker that calls it, so in its wheel.
  void sleep_here(Nanos for_ns) {
    Handle timer;
    if (f.runtime().timer_create(f.owner(), timer) != Status::kOk) return;
    static_cast<void>(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + for_ns));
    ++armed;
    f.spawn(type, [this, timer](PollContext& cx) {
      if (f.runtime().timer_poll(f.owner(), timer, Waker(cx.waker)) == Status::kPending) {
        return kPollPending;
      }
      ++fired;
      static_cast<void>(f.runtime().timer_close(f.owner(), timer));
      return kPollReady;
    });
  }

  std::int32_t read(PollContext& cx) {
    char byte = 0;
    std::size_t count = 0;
    int error = 0;
    for (;;) {
      const Status status =
          f.runtime().reactor().read(f.owner(), source, Waker(cx.waker), &byte, 1, count, error);
      if (status == Status::kPending) return kPollPending;
      if (status != Status::kOk || count == 0) return kPollReady;
      ++bytes;
    }
  }

  Fixture& f;
  const TypeId type;
  int ends[2];
  Handle source;
  std::atomic<int> bytes{0};
  std::atomic<int> armed{0};
  std::atomic<int> fired{0};
};

TEST_CASE("with every worker stuck their rings, LIFO slots, timers and I/O are served") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Fixture f(quick_to_replace(workers));
  const TypeId type = f.type("stuck");
  Waiting waiting(f);
  std::atomic<int> children{0};
  {
    Stuck stuck(f, type, workers, [&] {
      waiting.sleep_here(30 * kNanosPerMilli);
      // The last stays in the LIFO slot, the others are in the ring.
      for (int i = 0; i < 10; ++i) {
        f.spawn(type, [&](PollContext&) {
          ++children;
          return kPollReady;
        });
      }
    });
    CHECK(eventually([&] { return children == static_cast<int>(10 * workers); }));
    CHECK(eventually([&] { return waiting.fired == waiting.armed; }));
    REQUIRE(write(waiting.ends[1], "x", 1) == 1);
    CHECK(eventually([&] { return waiting.bytes == 1; }));
    CHECK(waiting.armed == static_cast<int>(workers));
    CHECK(eventually([&] { return count_stuck(f.runtime()) == workers; }));
    CHECK(eventually([&] { return present(f.runtime()).size() == 2 * workers; }));
    std::vector<bool> replaced(workers);
    for (const WorkerInfo& row : f.runtime().list_workers()) {
      CAPTURE(row.id, row.state);
      CHECK((row.state == "stuck") == (row.id < workers));
      CHECK(row.replaces.has_value() == (row.id >= workers));
      if (row.replaces) replaced.at(*row.replaces) = true;
    }
    CHECK(std::count(replaced.begin(), replaced.end(), true) == static_cast<int>(workers));
  }
  CHECK(all_left(f.runtime()));
}

TEST_CASE("what a replacement has at its end is run by the others (invariant 3)") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(quick_to_replace(workers));
  const TypeId type = f.type("busy");
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> yields{0};
  for (int round = 0; round < 3; ++round) {
    {
      Stuck stuck(f, type, workers);
      REQUIRE(eventually([&] { return present(f.runtime()).size() == 2 * workers; }));
      // More than a ring holds, and none of them ends.
      for (unsigned i = 0; i < 300 * workers; ++i) {
        f.spawn(type, [&](PollContext&) {
          ++yields;
          return stop ? kPollReady : kPollYield;
        });
      }
      const std::uint64_t before = yields;
      CHECK(eventually([&] { return yields > before + 1000; }));
    }
    CHECK(all_left(f.runtime()));
    stop = true;
    f.wait_until_all_ended();
    stop = false;
  }
}

TEST_CASE("a replacement that leaves hands its child stack over") {
  Options options = quick_to_replace(1);
  options.stall_replace_max = 1;
  StallLog log;
  log.listen(options);
  Fixture f(options);
  const TypeId type = f.type("parent");
  Gate first;
  Gate second;
  Gate parent;
  std::atomic<int> inside{0};
  std::atomic<int> children{0};
  f.spawn(type, [&](PollContext&) {
    first.pass();
    // What the worker runs next keeps it from stealing.
    SpawnOptions next;
    next.hint = SpawnHint::kNext;
    f.spawn(
        type,
        [&](PollContext&) {
          ++inside;
          second.pass();
          return kPollReady;
        },
        next);
    return kPollReady;
  });
  REQUIRE(eventually([&] { return log.count(StallEvent::kReplaced) == 1; }));
  f.spawn(type, [&](PollContext&) {
    SpawnOptions child;
    child.child = true;
    for (int i = 0; i < 20; ++i) {
      f.spawn(
          type,
          [&](PollContext&) {
            ++children;
            return kPollReady;
          },
          child);
    }
    ++inside;
    parent.pass();
    return kPollReady;
  });
  REQUIRE(eventually([&] { return inside == 1; }));
  first.open();
  // The replacement is dismissed when its worker has returned.
  REQUIRE(eventually([&] { return log.count(StallEvent::kReturned) >= 1 && inside == 2; }));
  std::this_thread::sleep_for(50ms);
  CHECK(children == 0);
  const std::uint64_t before = f.runtime().queue_info().global_pushes;
  parent.open();
  CHECK(eventually([&] { return f.runtime().queue_info().global_pushes >= before + 20; }));
  second.open();
  CHECK(eventually([&] { return children == 20; }));
  f.wait_until_all_ended();
}

TEST_CASE("no more than replace_max at a time, and none when that is 0") {
  const unsigned most = GENERATE(0u, 1u, 2u);
  CAPTURE(most);
  Options options = quick_to_replace(4);
  options.stall_replace_max = most;
  Fixture f(options);
  const TypeId type = f.type("stuck");
  std::atomic<bool> ran{false};
  {
    Stuck stuck(f, type, 4);
    f.spawn(type, [&](PollContext&) {
      ran = true;
      return kPollReady;
    });
    CHECK(eventually([&] { return count_stuck(f.runtime()) == 4; }));
    CHECK(eventually([&] { return present(f.runtime()).size() == 4 + most; }));
    std::this_thread::sleep_for(100ms);
    CHECK(present(f.runtime()).size() == 4 + most);
    CHECK(replacements_started(f.runtime()) == most);
    if (most > 0) CHECK(eventually([&] { return ran.load(); }));
    if (most == 0) CHECK_FALSE(ran);
  }
  CHECK(all_left(f.runtime()));
  CHECK(eventually([&] { return ran.load(); }));
}

TEST_CASE("a replacement that gets stuck is replaced, and all leave in any order") {
  const bool first_comes_back_first = GENERATE(true, false);
  CAPTURE(first_comes_back_first);
  Options options = quick_to_replace(1);
  options.stall_replace_max = 4;
  Fixture f(options);
  const TypeId type = f.type("stuck");
  std::atomic<int> ran{0};
  {
    std::vector<std::unique_ptr<Stuck>> stuck;
    for (int i = 0; i < 4; ++i) {
      stuck.push_back(std::make_unique<Stuck>(f, type, 1));
      f.spawn(type, [&](PollContext&) {
        ++ran;
        return kPollReady;
      });
      CHECK(eventually([&] { return ran == i + 1; }));
    }
    CHECK(count_stuck(f.runtime()) == 4);
    if (!first_comes_back_first) std::reverse(stuck.begin(), stuck.end());
    // Some worker is free all the time.
    for (int i = 0; i < 4; ++i) {
      stuck[i]->let_go();
      f.spawn(type, [&](PollContext&) {
        ++ran;
        return kPollReady;
      });
      CHECK(eventually([&] { return ran == 5 + i; }));
    }
  }
  CHECK(all_left(f.runtime()));
}

TEST_CASE("a stall that ends as its replacement starts") {
  const unsigned workers = GENERATE(1u, 2u);
  CAPTURE(workers);
  std::atomic<std::uint64_t> let_go{0};
  Options options = quick_to_replace(workers);
  options.on_stall = [&](const Stall& stall) {
    if (stall.event != StallEvent::kReplaced) return;
    let_go = stall.task.bits();
    let_go.notify_all();
  };
  Fixture f(options);
  const TypeId type = f.type("brief");
  for (std::uint64_t round = 1; round <= 30; ++round) {
    f.spawn(type, [&](PollContext& cx) {
      for (std::uint64_t seen = let_go; seen != cx.waker; seen = let_go)
        let_go.wait(seen);
      return kPollReady;
    });
    f.wait_until_all_ended();
    CHECK(replacements_started(f.runtime()) == round);
    // One that is about to leave would not be replaced.
    CHECK(all_left(f.runtime()));
  }
}

TEST_CASE("hundreds of stalls that come and go leave nothing behind") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Fixture f(quick_to_replace(workers));
  const TypeId type = f.type("mixed");
  std::atomic<int> left{static_cast<int>(50 * workers)};
  std::atomic<bool> stop{false};
  for (unsigned i = 0; i < 2 * workers; ++i) {
    f.spawn(type, [&, random = std::minstd_rand(i + 1)](PollContext&) mutable {
      // About half of them last longer than a replacement takes to start.
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
      f.spawn(type, [](PollContext&) { return kPollReady; });
      return --left > 0 ? kPollYield : kPollReady;
    });
    f.spawn(type, [&](PollContext&) { return stop ? kPollReady : kPollYield; });
  }
  CHECK(eventually([&] { return left <= 0; }));
  stop = true;
  f.wait_until_all_ended();
  CHECK(replacements_started(f.runtime()) > 0);
  CHECK(all_left(f.runtime()));
}

TEST_CASE("an unload is not delayed by another owner's stuck task, on one worker (invariant 7)") {
  Fixture f(quick_to_replace(1));
  const TypeId type = f.type("stuck");
  OwnerId other = kRuntimeOwner;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  TaskTypeSpec spec;
  spec.name = "waits";
  // Ends in its last poll, which needs a worker.
  spec.poll = [](void*, PollContext* cx) { return cx->cancelled ? kPollReady : kPollPending; };
  TypeId waits = 0;
  REQUIRE(f.runtime().type_register(other, spec, waits) == Status::kOk);
  for (int i = 0; i < 100; ++i) {
    void* state = nullptr;
    Handle task;
    REQUIRE(f.runtime().reserve(other, waits, 0, 0, state, task) == Status::kOk);
    REQUIRE(f.runtime().commit(other, task, {}) == Status::kOk);
  }
  {
    Stuck stuck(f, type, 1);
    f.runtime().owner_stop_admission(other);
    CHECK(eventually([&] {
      f.runtime().owner_cancel_tasks(other, false);
      return f.runtime().owner_ledger(other).empty();
    }));
    CHECK(eventually([&] { return f.runtime().owner_quiescent(other); }));
    f.runtime().owner_close(other);
    CHECK(f.runtime().live_tasks() == 1);
  }
  f.wait_until_all_ended();
}

TEST_CASE("shutdown with a stuck worker and its replacement names the task (invariant 8)") {
  auto f = std::make_unique<Fixture>(quick_to_replace(2));
  const TypeId type = f->type("endless");
  auto stuck = std::make_unique<Stuck>(*f, type, 2);
  REQUIRE(eventually([&] { return present(f->runtime()).size() == 4; }));
  f->spawn(type, [](PollContext&) { return kPollPending; });
  const auto stragglers = f->end(100ms);
  CHECK(stragglers.size() == 2);
  for (const Straggler& straggler : stragglers)
    CHECK(straggler.what == "task type endless");
  stuck.reset();
  CHECK(f->end().empty());
  CHECK(f->dropped() == 3);
  CHECK(worker_threads() == 0);
}

TEST_CASE("shutdown at the moment when replacements start or leave") {
  const int after_ms = GENERATE(range(0, 40, 4));
  CAPTURE(after_ms);
  Fixture f(quick_to_replace(2));
  const TypeId type = f.type("stuck");
  auto stuck = std::make_unique<Stuck>(f, type, 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
  stuck.reset();
  CHECK(f.end().empty());
  CHECK(f.dropped() == f.constructed());
  CHECK(worker_threads() == 0);
}

// Stacks that no address space has room for.
class NoRoomForStacks {
 public:
  NoRoomForStacks() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 46);
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  ~NoRoomForStacks() { end(); }
  void end() {
    if (!ended_) pthread_setattr_default_np(&before_);
    if (!ended_) pthread_attr_destroy(&before_);
    ended_ = true;
  }

 private:
  pthread_attr_t before_;
  bool ended_ = false;
};

TEST_CASE("where no thread can be started that is told once, and tried again") {
  StallLog log;
  Options options = quick_to_replace(1);
  log.listen(options);
  Fixture f(options);
  const TypeId type = f.type("stuck");
  std::atomic<bool> ran{false};
  NoRoomForStacks no_room;
  Stuck stuck(f, type, 1, [&] {
    f.spawn(type, [&](PollContext&) {
      ran = true;
      return kPollReady;
    });
  });
  REQUIRE(eventually([&] { return log.count(StallEvent::kNotReplaced) == 1; }));
  CHECK(log.of(StallEvent::kNotReplaced)[0].os_error == EAGAIN);
  std::this_thread::sleep_for(100ms);
  CHECK(log.count(StallEvent::kNotReplaced) == 1);
  CHECK(present(f.runtime()).size() == 1);
  CHECK_FALSE(ran);
  no_room.end();
  CHECK(eventually([&] { return ran.load(); }));
  CHECK(eventually([&] { return log.count(StallEvent::kReplaced) == 1; }));
}

TEST_CASE("an idle runtime sleeps again after a replacement has left (invariant 9)") {
  const unsigned workers = GENERATE(1u, 2u);
  CAPTURE(workers);
  Fixture f(quick_to_replace(workers));
  const TypeId type = f.type("stuck");
  {
    Stuck stuck(f, type, 1);
    REQUIRE(eventually([&] { return present(f.runtime()).size() == workers + 1; }));
  }
  CHECK(all_left(f.runtime()));
  const auto one_in_reactor = [&] {
    const auto rows = present(f.runtime());
    return std::count_if(rows.begin(), rows.end(),
                         [](const auto& row) { return row.state == "reactor"; }) == 1;
  };
  CHECK(eventually(one_in_reactor));
}

}  // namespace
}  // namespace ekiden::runtime::test
