#include "runtime/scheduler/idle_set.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("nobody sleeps, nobody is woken") {
  IdleSet idle(4, 2);
  CHECK(idle.sleepers() == 0);
  CHECK_FALSE(idle.take_one_for_work());
  CHECK_FALSE(idle.take_one());
}

TEST_CASE("who slept last is woken first, and counts as searching") {
  IdleSet idle(4, 2);
  static_cast<void>(idle.sleep(1, false));
  static_cast<void>(idle.sleep(3, false));
  CHECK(idle.sleepers() == 2);
  CHECK(idle.take_one_for_work() == 3u);
  CHECK(idle.sleepers() == 1);
  // 3 searches now: work that comes is its.
  CHECK_FALSE(idle.take_one_for_work());
  CHECK(idle.end_search());
  CHECK(idle.take_one_for_work() == 1u);
  CHECK_FALSE(idle.take_one_for_work());
}

TEST_CASE("a sleeper can be had although somebody searches") {
  IdleSet idle(4, 2);
  static_cast<void>(idle.sleep(0, false));
  REQUIRE(idle.try_begin_search());
  CHECK_FALSE(idle.take_one_for_work());
  CHECK(idle.take_one() == 0u);
  CHECK_FALSE(idle.take_one());
  CHECK_FALSE(idle.end_search());  // the woken one still searches
  CHECK(idle.end_search());
}

TEST_CASE("no more search at a time than allowed") {
  IdleSet idle(8, 2);
  CHECK(idle.try_begin_search());
  CHECK(idle.try_begin_search());
  CHECK_FALSE(idle.try_begin_search());
  CHECK_FALSE(idle.end_search());
  CHECK(idle.try_begin_search());
  CHECK_FALSE(idle.end_search());
  CHECK(idle.end_search());
}

TEST_CASE("who goes to sleep looks once more unless another searcher is left to do it") {
  IdleSet idle(4, 2);
  CHECK(idle.sleep(0, false));  // nobody searches
  REQUIRE(idle.try_begin_search());
  CHECK(idle.sleep(1, true));  // itself, the last one
  REQUIRE(idle.try_begin_search());
  CHECK_FALSE(idle.sleep(2, false));  // somebody does
  REQUIRE(idle.try_begin_search());
  CHECK(idle.sleep(3, true));  // it did, whoever else does
  CHECK(idle.end_search());
}

TEST_CASE("a sleeper that comes back by itself is not woken; one that was taken learns it") {
  IdleSet idle(4, 2);
  static_cast<void>(idle.sleep(1, false));
  static_cast<void>(idle.sleep(2, false));
  CHECK(idle.leave(1));
  CHECK_FALSE(idle.leave(1));
  CHECK(idle.sleepers() == 1);
  CHECK(idle.take_one() == 2u);
  CHECK_FALSE(idle.leave(2));
  CHECK(idle.sleepers() == 0);
}

// Workers that sleep and search, pushers that publish and look for sleepers. The work is a counter;
// the rule is that it never stays above 0 while everybody sleeps.
class Model {
 public:
  Model(unsigned workers, unsigned searching_max) : idle_(workers, searching_max) {
    for (unsigned i = 0; i < workers; ++i)
      awake_.push_back(std::make_unique<Atomic<bool>>(true));
  }

  void push() {
    work_.fetch_add(1, std::memory_order_seq_cst);
    notify();
  }
  bool all_done() const { return done_.load() == expected_; }
  void expect(int items) { expected_ = items; }

  void work(unsigned me) {
    bool searching = false;
    while (!all_done()) {
      const bool found = take();
      if (found) {
        if (searching && idle_.end_search()) notify();
        searching = false;
        continue;
      }
      if (!searching) searching = idle_.try_begin_search();
      if (searching && take()) {
        if (idle_.end_search()) notify();
        searching = false;
        continue;
      }
      searching = sleep(me, searching);
    }
    if (searching) static_cast<void>(idle_.end_search());
  }
  // Nobody is awake, work is there: the defect itself.
  bool stranded() const {
    if (work_.load() == 0) return false;
    for (const auto& awake : awake_) {
      if (awake->load()) return false;
    }
    return true;
  }

 private:
  bool take() {
    int left = work_.load(std::memory_order_seq_cst);
    while (left > 0 && !work_.compare_exchange_weak(left, left - 1)) {
    }
    if (left > 0) done_.fetch_add(1);
    return left > 0;
  }
  void notify() {
    if (const auto sleeper = idle_.take_one_for_work()) awake_[*sleeper]->store(true);
  }
  // True: woken by another, so it searches.
  bool sleep(unsigned me, bool searching) {
    awake_[me]->store(false);
    const bool must_look = idle_.sleep(me, searching);
    if (must_look && work_.load(std::memory_order_seq_cst) > 0 && idle_.leave(me)) {
      awake_[me]->store(true);
      return false;
    }
    while (!awake_[me]->load()) {
      if (all_done() && idle_.leave(me)) return false;
      std::this_thread::yield();
    }
    return true;
  }

  IdleSet idle_;
  std::vector<std::unique_ptr<Atomic<bool>>> awake_;
  Atomic<int> work_{0};
  Atomic<int> done_{0};
  int expected_ = 0;
};

TEST_CASE("pushed work never lies there while all sleep (invariant 4)") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  const unsigned searching_max = GENERATE(1u, 2u);
  CAPTURE(workers, searching_max);
  constexpr int kItems = 6000;
  Model model(workers, searching_max);
  model.expect(2 * kItems);
  Atomic<int> stuck{0};
  run_together(workers + 2, [&](unsigned me) {
    if (me < workers) return model.work(me);
    for (int i = 0; i < kItems; ++i) {
      model.push();
      // Mostly one at a time, so that everybody goes to sleep in between; sometimes a burst.
      if (i % 5 == 0) std::this_thread::yield();
    }
    // All pushed: it ends, or it hangs for ever.
    for (long spins = 0; !model.all_done(); ++spins) {
      std::this_thread::yield();
      if (spins < 20'000'000 || !model.stranded()) continue;
      ++stuck;
      model.push();
    }
  });
  CHECK(stuck == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
