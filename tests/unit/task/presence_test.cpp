#include "runtime/task/presence.hpp"

#include <catch2/catch.hpp>
#include <latch>
#include <thread>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

// Numbers that no other test of this program uses.
constexpr OwnerId kA = 1001;
constexpr OwnerId kB = 1002;

TEST_CASE("a thread is in an owner's code while its scope lasts") {
  CHECK_FALSE(presence::anyone_in(kA));
  {
    const PresenceScope scope(kA);
    CHECK(presence::anyone_in(kA));
    CHECK_FALSE(presence::anyone_in(kB));
  }
  CHECK_FALSE(presence::anyone_in(kA));
}

TEST_CASE("scopes nest, and the outer one comes back") {
  const PresenceScope outer(kA);
  {
    const PresenceScope inner(kB);
    CHECK(presence::anyone_in(kB));
    {
      const PresenceScope same(kB);
      CHECK(presence::anyone_in(kB));
    }
    CHECK(presence::anyone_in(kB));
  }
  CHECK_FALSE(presence::anyone_in(kB));
  CHECK(presence::anyone_in(kA));
}

TEST_CASE("an exception leaves the scope, too") {
  try {
    const PresenceScope scope(kA);
    throw 1;
  } catch (int) {
  }
  CHECK_FALSE(presence::anyone_in(kA));
}

TEST_CASE("a thread keeps its record, and another has another") {
  presence::Record* const mine = &presence::this_thread();
  CHECK(&presence::this_thread() == mine);
  presence::Record* theirs = mine;
  std::thread([&] { theirs = &presence::this_thread(); }).join();
  CHECK(theirs != mine);
}

TEST_CASE("one thread's scope is seen by another, and waited for") {
  std::latch inside(1);
  std::latch leave(1);
  std::thread thread([&] {
    const PresenceScope scope(kA);
    inside.count_down();
    leave.wait();
  });
  inside.wait();
  CHECK(presence::anyone_in(kA));
  leave.count_down();
  thread.join();
  CHECK_FALSE(presence::anyone_in(kA));
}

TEST_CASE(
    "a thread that ends within an owner's code is in nobody's, and its record is used again") {
  presence::Record* first = nullptr;
  presence::Record* second = nullptr;
  std::thread([&] {
    first = &presence::this_thread();
    first->current.store(kA, std::memory_order_relaxed);
  }).join();
  CHECK_FALSE(presence::anyone_in(kA));
  std::thread([&] { second = &presence::this_thread(); }).join();
  CHECK(first == second);
}

TEST_CASE("records are not shared by threads that come and go") {
  Atomic<int> shared{0};
  for (int round = 0; round < 20; ++round) {
    run_together(8, [&](unsigned me) {
      presence::Record& mine = presence::this_thread();
      const OwnerId number = kB + 1 + me;
      for (int i = 0; i < 100; ++i) {
        const PresenceScope scope(number);
        if (mine.current.load() != number || !presence::anyone_in(number)) ++shared;
      }
    });
  }
  CHECK(shared == 0);
}

// Somebody is in at nearly every moment, and yet nobody stays.
TEST_CASE("visitors that come and go all the time are not waited for together") {
  Atomic<bool> stop{false};
  std::latch begun(4);
  bool nobody_stays = false;
  run_together(4, [&](unsigned me) {
    presence::Record& mine = presence::this_thread();
    begun.arrive_and_wait();
    if (me == 0) {
      for (int tries = 0; tries < 1000 && !nobody_stays; ++tries)
        nobody_stays = !presence::anyone_in(kA);
      stop = true;
    } else {
      while (!stop) {
        presence::begin_visit(mine, kA);
        std::this_thread::yield();
        presence::end_visit(mine);
      }
    }
  });
  CHECK(nobody_stays);
}

TEST_CASE("a visitor that stays is waited for") {
  presence::Record& mine = presence::this_thread();
  presence::begin_visit(mine, kA);
  bool waited = false;
  std::thread([&] { waited = presence::anyone_in(kA); }).join();
  CHECK(waited);
  presence::end_visit(mine);
  CHECK_FALSE(presence::anyone_in(kA));
}

// What an unload relies on: a count that reads 0 with acquire, and then nobody there, mean that all
// which ran inside has happened before.
TEST_CASE("after the count is gone and nobody is in, all writes from inside are seen") {
  for (int round = 0; round < 300; ++round) {
    int written = 0;  // plain on purpose
    Atomic<int> live{1};
    bool seen = false;
    run_together(2, [&](unsigned me) {
      if (me == 0) {
        const PresenceScope scope(kA);
        live.store(0, std::memory_order_release);
        written = 1;  // the way out of the owner's code
      } else {
        while (live.load(std::memory_order_acquire) != 0)
          std::this_thread::yield();
        while (presence::anyone_in(kA))
          std::this_thread::yield();
        seen = written == 1;
      }
    });
    REQUIRE(seen);
  }
}

}  // namespace
}  // namespace ekiden::runtime::test
