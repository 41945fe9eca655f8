#include "runtime/scheduler/parker.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

using Place = Parker::Place;

TEST_CASE("a notification that comes before the sleep is kept") {
  Parker parker;
  CHECK_FALSE(parker.unpark());
  CHECK_FALSE(parker.prepare(Place::kOwnWord));
  CHECK(parker.finish());
  // Spent: the next one sleeps again.
  CHECK(parker.prepare(Place::kOwnWord));
  CHECK_FALSE(parker.finish());
}

TEST_CASE("who unparks learns whether there is a reactor to interrupt") {
  Parker parker;
  REQUIRE(parker.prepare(Place::kReactor));
  CHECK(parker.unpark());
  CHECK_FALSE(parker.unpark());  // once
  CHECK(parker.finish());
  REQUIRE(parker.prepare(Place::kOwnWord));
  CHECK_FALSE(parker.unpark());
  parker.wait();
  CHECK(parker.finish());
}

TEST_CASE("a sleep that is given up leaves nothing behind") {
  Parker parker;
  REQUIRE(parker.prepare(Place::kReactor));
  CHECK_FALSE(parker.finish());
  CHECK_FALSE(parker.unpark());  // nobody sits in the reactor any more
  CHECK(parker.finish());
}

TEST_CASE("no notification is lost, and its writes are seen") {
  Parker owner;
  Parker other;
  constexpr int kRounds = 5000;
  int value = 0;  // plain on purpose: the notification hands it over
  bool in_turn = true;
  const auto sleep = [](Parker& parker) {
    if (parker.prepare(Place::kOwnWord)) parker.wait();
    return parker.finish();
  };
  run_together(2, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      if (me == 0) {
        value = i;
        static_cast<void>(other.unpark());
        in_turn = in_turn && sleep(owner) && value == -i;
      } else {
        static_cast<void>(sleep(other));
        value = -value;
        static_cast<void>(owner.unpark());
      }
    }
  });
  CHECK(in_turn);
}

// Notifications from several threads may merge, but the last one is never without a wake-up.
TEST_CASE("many notifiers, one sleeper") {
  Parker parker;
  constexpr unsigned kNotifiers = 3;
  constexpr int kEach = 3000;
  Atomic<int> sent{0};
  int seen = 0;
  run_together(kNotifiers + 1, [&](unsigned me) {
    if (me > 0) {
      for (int i = 0; i < kEach; ++i) {
        sent.fetch_add(1, std::memory_order_relaxed);
        static_cast<void>(parker.unpark());
        if (i % 10 == 0) std::this_thread::yield();
      }
      return;
    }
    while (seen < static_cast<int>(kNotifiers) * kEach) {
      if (parker.prepare(Place::kOwnWord)) parker.wait();
      static_cast<void>(parker.finish());
      seen = sent.load(std::memory_order_relaxed);
    }
  });
  CHECK(seen == static_cast<int>(kNotifiers) * kEach);
}

}  // namespace
}  // namespace ekiden::runtime::test
