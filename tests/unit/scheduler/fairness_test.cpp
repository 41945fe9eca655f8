// What is warm runs first, but starves nobody: neither children, nor parents that go on, nor tasks
// that wake each other keep anything else waiting for ever.

#include <memory>
#include <thread>

#include "tests/unit/scheduler/as_child.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

enum class Breeds {
  kContinued,  // the parent goes on when its only child has ended
  kWoken,      // the child wakes it
};

// A parent whose child ends at once, again and again: it goes on each time before all else.
void breed_for_ever(Fixture& f, TypeId type, Breeds how, const std::atomic<bool>& stop) {
  f.spawn(type, [&f, type, how, &stop](PollContext& cx) {
    if (stop) return kPollReady;
    const Waker parent = how == Breeds::kWoken ? Waker(cx.waker) : Waker();
    f.spawn(
        type,
        [&f, parent](PollContext&) {
          f.runtime().wake(parent);
          return kPollReady;
        },
        as_child());
    return kPollPending;
  });
}

// Keeps so many tasks in the global queue that a look into it always finds one.
class Crowd {
 public:
  Crowd(Fixture& f, TypeId type)
      : thread_([this, &f, type] {
          while (!stop_) {
            if (waiting_ > kEnough) {
              std::this_thread::sleep_for(100us);
              continue;
            }
            ++waiting_;
            f.spawn(type, [this](PollContext&) {
              --waiting_;
              ++runs_;
              return kPollReady;
            });
          }
        }) {}
  ~Crowd() { leave(); }
  void leave() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int runs() const { return runs_; }
  bool is_there() const { return waiting_ >= kEnough; }

 private:
  static constexpr int kEnough = 2000;

  std::atomic<bool> stop_{false};
  std::atomic<int> waiting_{0};
  std::atomic<int> runs_{0};
  std::thread thread_;
};

TEST_CASE("parents that breed for ever starve nobody (invariant 6)") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const bool crowded = GENERATE(false, true);
  const Breeds how = GENERATE(Breeds::kContinued, Breeds::kWoken);
  CAPTURE(workers, crowded, static_cast<int>(how));
  Options options = Fixture::with_workers(workers);
  options.stall_replace_max = 0;
  Fixture f(options);
  const TypeId type = f.type("breeds");
  std::atomic<bool> stop{false};
  std::unique_ptr<Crowd> crowd;
  std::atomic<unsigned> oldest{0};
  std::atomic<int> runs_before_oldest{0};
  std::atomic<unsigned> in_ring{0};
  std::atomic<unsigned> timed{0};
  Gate gate;
  std::atomic<unsigned> begun{0};
  // On the stack of each worker lies a child below those that come and go.
  for (unsigned i = 0; i < workers; ++i) {
    f.spawn(type, [&](PollContext&) {
      ++begun;
      gate.pass();
      f.spawn(
          type,
          [&](PollContext&) {
            if (const Crowd* others = crowd.get()) runs_before_oldest = others->runs();
            ++oldest;
            return kPollReady;
          },
          as_child());
      breed_for_ever(f, type, how, stop);
      SpawnOptions last;
      last.hint = SpawnHint::kLast;
      f.spawn(
          type,
          [&](PollContext&) {
            ++in_ring;
            return kPollReady;
          },
          last);
      return kPollReady;
    });
  }
  REQUIRE(eventually([&] { return begun == workers; }));
  {
    if (crowded) crowd = std::make_unique<Crowd>(f, type);
    REQUIRE(eventually([&] { return !crowd || crowd->is_there(); }));
    gate.open();
    Handle timer;
    REQUIRE(f.runtime().timer_create(f.owner(), timer) == Status::kOk);
    REQUIRE(f.runtime().timer_arm(f.owner(), timer, f.runtime().now_ns() + kNanosPerMilli) ==
            Status::kOk);
    f.spawn(type, [&](PollContext& cx) {
      if (f.runtime().timer_poll(f.owner(), timer, Waker(cx.waker)) == Status::kPending) {
        return kPollPending;
      }
      ++timed;
      return kPollReady;
    });
    std::atomic<int> outside{0};
    f.spawn(type, [&](PollContext&) {
      ++outside;
      return kPollReady;
    });
    CHECK(eventually([&] { return in_ring == workers; }));
    CHECK(eventually([&] { return outside == 1; }));
    CHECK(eventually([&] { return timed == 1; }));
    CHECK(eventually([&] { return oldest == workers; }));
    // Not only when the crowd happened to be gone for a moment.
    if (crowd && workers == 1) CHECK(runs_before_oldest < 5000);
    if (crowd) CHECK(eventually([&] { return crowd->runs() > 100; }));
    stop = true;
    if (crowd) crowd->leave();
    f.wait_until_all_ended();
    CHECK(f.runtime().timer_close(f.owner(), timer) == Status::kOk);
  }
}

TEST_CASE("two tasks that wake each other starve no child") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  const bool crowded = GENERATE(false, true);
  CAPTURE(workers, crowded);
  Options options = Fixture::with_workers(workers);
  options.stall_replace_max = 0;
  Fixture f(options);
  const TypeId type = f.type("pairs");
  std::atomic<bool> stop{false};
  std::atomic<unsigned> children{0};
  Gate gate;
  std::atomic<unsigned> begun{0};
  struct Pair {
    std::atomic<std::uint64_t> tasks[2] = {};
  };
  for (unsigned i = 0; i < workers; ++i) {
    f.spawn(type, [&](PollContext&) {
      ++begun;
      gate.pass();
      for (int c = 0; c < 10; ++c) {
        f.spawn(
            type,
            [&](PollContext&) {
              ++children;
              return kPollReady;
            },
            as_child());
      }
      const auto pair = std::make_shared<Pair>();
      for (int me = 0; me < 2; ++me) {
        pair->tasks[me] = f.spawn(type, [&, pair, me](PollContext&) {
                             f.runtime().wake(Waker(pair->tasks[1 - me].load()));
                             return stop ? kPollReady : kPollPending;
                           }).bits();
      }
      return kPollReady;
    });
  }
  REQUIRE(eventually([&] { return begun == workers; }));
  std::unique_ptr<Crowd> crowd;
  if (crowded) crowd = std::make_unique<Crowd>(f, type);
  REQUIRE(eventually([&] { return !crowd || crowd->is_there(); }));
  gate.open();
  CHECK(eventually([&] { return children == 10 * workers; }));
  stop = true;
  if (crowd) crowd->leave();
  // One of a pair may have ended while the other waits for it.
  f.runtime().owner_stop_admission(f.owner());
  f.runtime().owner_cancel_tasks(f.owner());
  f.wait_until_all_ended();
}

// Without work from outside, and where the oldest child's turn is far away.
TEST_CASE("children run between two tasks that wake each other") {
  Options options = Fixture::with_workers(1);
  options.global_queue_interval = 1'000'000;
  Fixture f(options);
  const TypeId type = f.type("pair");
  constexpr int kChildren = 10;
  constexpr int kWarm = 100;
  std::atomic<int> children{0};
  std::atomic<int> polls{0};
  std::atomic<int> polls_before_last{0};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> pair[2] = {};
  const auto spawn_child = [&] {
    f.spawn(
        type,
        [&](PollContext&) {
          polls_before_last = polls.load();
          ++children;
          return kPollReady;
        },
        as_child());
  };
  f.spawn(type, [&](PollContext&) {
    for (int me = 0; me < 2; ++me) {
      pair[me] = f.spawn(type, [&, me](PollContext&) {
                    // Only now they take turns.
                    if (++polls == kWarm) {
                      for (int c = 0; c < kChildren; ++c)
                        spawn_child();
                    }
                    f.runtime().wake(Waker(pair[1 - me].load()));
                    return stop ? kPollReady : kPollPending;
                  }).bits();
    }
    return kPollReady;
  });
  CHECK(eventually([&] { return children == kChildren; }));
  CHECK(polls_before_last < kWarm + 10 * kChildren);
  stop = true;
  f.runtime().owner_stop_admission(f.owner());
  f.runtime().owner_cancel_tasks(f.owner());
  f.wait_until_all_ended();
}

}  // namespace
}  // namespace ekiden::runtime::test
