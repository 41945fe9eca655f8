// Several threads at the same timers: firing against cancelling, re-arming, closing and polling.
#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <vector>

#include "runtime/timer/timers.hpp"
#include "tests/unit/timer/counting_target.hpp"

using namespace ekiden::runtime;
using test::CountingTarget;
using test::task_waker;

namespace {

constexpr Nanos kStart = 10 * kNanosPerSecond;
constexpr Nanos kEver = kStart + 1000 * kNanosPerSecond;

// Runs body(index) on each of `threads` threads, and `beside` on the calling one until they end.
template <class Body, class Beside>
void run_threads(unsigned threads, Body body, Beside beside) {
  Atomic<unsigned> left{threads};
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      body(i);
      left.fetch_sub(1);
    });
  }
  while (left.load() != 0)
    beside();
  for (std::thread& thread : running)
    thread.join();
}

}  // namespace

// Invariant: who was told "pending" is woken exactly once per arming, unless it cancelled first.
TEST_CASE("a timer that fires while it is cancelled does one of the two") {
  const unsigned threads = GENERATE(1u, 2u, 4u, 8u);
  const std::size_t rounds = 20000 / threads;
  CountingTarget target;
  Timers timers(target, threads + 1);
  ManualClock clock(kStart);
  Atomic<std::size_t> wrong{0};
  Atomic<std::size_t> fired{0};

  run_threads(
      threads,
      [&](unsigned me) {
        SlotArena::Cache cache;
        std::mt19937 random(me);
        const OwnerId owner = me + 1;
        for (std::size_t round = 0; round < rounds; ++round) {
          const std::size_t woken_before = target.of(me);
          Handle timer;
          bool lowered = false;
          const Nanos deadline = clock.now_ns() + random() % (3 * kTickNanos);
          Status polled = Status::kOk;
          if (random() % 2 == 0) {
            polled = timers.start(owner, &cache, {deadline, task_waker(me), me, 0}, timer, lowered);
          } else {
            timers.create(owner, &cache, timer);
            timers.arm(owner, timer, deadline, me, lowered);
            polled = timers.poll(owner, timer, task_waker(me), 0);
          }
          if (random() % 2 == 0) {
            timers.arm(owner, timer, clock.now_ns(), random() % threads, lowered);
          }
          if (random() % 4 == 0) std::this_thread::yield();
          const bool has_fired = timers.poll(owner, timer, task_waker(me), 0) == Status::kOk;
          if (timers.cancel(owner, timer) != Status::kOk) wrong.fetch_add(1);
          if (timers.poll(owner, timer, task_waker(me), kNever) != Status::kWrongState) {
            wrong.fetch_add(1);
          }
          if (timers.close(owner, timer, &cache) != Status::kOk) wrong.fetch_add(1);
          if (polled == Status::kPending && has_fired) {
            fired.fetch_add(1);
            // The wake follows the firing, outside the lock.
            while (target.of(me) == woken_before)
              std::this_thread::yield();
          }
        }
        timers.flush(cache);
      },
      [&] {
        clock.advance(kTickNanos);
        timers.advance_due(clock.now_ns());
      });

  CHECK(wrong.load() == 0);
  CHECK(target.total() >= fired.load());
  for (OwnerId owner = 1; owner <= threads; ++owner)
    CHECK(timers.count(owner) == 0);
  CHECK(timers.settle() == kNever);
}

TEST_CASE("every timer that is waited for wakes once while all threads turn all wheels") {
  const unsigned threads = GENERATE(1u, 2u, 4u, 8u);
  constexpr std::uint32_t kTimers = 8192;
  CountingTarget target(kTimers);
  Timers timers(target, threads);
  std::vector<Atomic<std::size_t>> told(kTimers);  // fired before the poll, which said so
  run_threads(
      threads,
      [&](unsigned me) {
        std::mt19937 random(me);
        for (std::uint32_t i = me; i < kTimers; i += threads) {
          Handle timer;
          bool lowered = false;
          const Nanos deadline = kStart + random() % kNanosPerSecond;
          const auto wheel = static_cast<unsigned>(random() % threads);
          if (i % 2 == 0) {
            timers.start(1, nullptr, {deadline, task_waker(i), wheel, 0}, timer, lowered);
            continue;
          }
          timers.create(1, nullptr, timer);
          timers.arm(1, timer, deadline, wheel, lowered);
          if (timers.poll(1, timer, task_waker(i), 0) == Status::kOk) told[i].store(1);
        }
        for (Nanos now = kStart; now <= kStart + 2 * kNanosPerSecond; now += 5 * kNanosPerMilli) {
          timers.advance_due(now);
        }
      },
      [] { std::this_thread::yield(); });
  for (std::uint32_t i = 0; i < kTimers; ++i)
    REQUIRE(target.of(i) + told[i].load() == 1);
  CHECK(timers.next_deadline() == kNever);
  CHECK(timers.close_all(1) == kTimers);
}

// Everybody re-arms everybody's timers from everywhere; in the end each is armed once more and has
// to fire from wherever it is.
TEST_CASE("timers that move between wheels are not lost") {
  const unsigned threads = GENERATE(2u, 4u, 8u);
  constexpr std::uint32_t kTimers = 16;
  CountingTarget target(kTimers);
  Timers timers(target, threads);
  std::vector<Handle> all(kTimers);
  for (Handle& timer : all)
    REQUIRE(timers.create(1, nullptr, timer) == Status::kOk);
  Atomic<std::size_t> wrong{0};
  run_threads(
      threads,
      [&](unsigned me) {
        std::mt19937 random(me);
        for (int round = 0; round < 20000; ++round) {
          const std::uint32_t which = random() % kTimers;
          bool lowered = false;
          if (random() % 8 == 0) timers.cancel(1, all[which]);
          if (timers.arm(1, all[which], kStart + random() % kNanosPerMilli, me, lowered) !=
              Status::kOk) {
            wrong.fetch_add(1);
          }
          timers.poll(1, all[which], task_waker(which), 0);
        }
      },
      [&] { timers.advance_due(kStart + kNanosPerMilli / 2); });
  CHECK(wrong.load() == 0);

  for (std::uint32_t i = 0; i < kTimers; ++i) {
    bool lowered = false;
    CHECK(timers.arm(1, all[i], kEver, i % threads, lowered) == Status::kOk);
    CHECK(timers.poll(1, all[i], task_waker(i), 0) == Status::kPending);
  }
  const std::size_t before = target.total();
  CHECK(timers.advance_due(kEver + kTickNanos) == kTimers);
  CHECK(target.total() == before + kTimers);
  for (const Handle timer : all)
    CHECK(timers.poll(1, timer, task_waker(0), 0) == Status::kOk);
}

TEST_CASE("closing a timer that others use stays safe, and never touches its successor") {
  const unsigned threads = GENERATE(2u, 4u);
  CountingTarget target;
  Timers timers(target, threads);
  // Handles that are published and closed all the time; readers use what they find.
  std::vector<Atomic<std::uint64_t>> shared(4);
  Atomic<std::size_t> wrong{0};
  run_threads(
      threads,
      [&](unsigned me) {
        std::mt19937 random(me);
        for (int round = 0; round < 20000; ++round) {
          Handle mine;
          bool lowered = false;
          if (random() % 2 == 0) {
            timers.create(1, nullptr, mine);
          } else {
            const auto wheel = static_cast<unsigned>(random() % threads);
            timers.start(1, nullptr, {kStart + 1, task_waker(1), wheel, 0}, mine, lowered);
          }
          const Handle old(shared[random() % shared.size()].exchange(mine.bits()));
          timers.arm(1, old, kStart, random() % threads, lowered);
          timers.poll(1, old, task_waker(1), 0);
          Nanos deadline = 0;
          timers.describe(old, deadline);
          if (!old.is_null() && timers.close(1, old, nullptr) != Status::kOk) wrong.fetch_add(1);
          const Handle somebodys(shared[random() % shared.size()].load());
          timers.arm(1, somebodys, kStart + 1, random() % threads, lowered);
          timers.cancel(2, somebodys);
          timers.poll(1, old, task_waker(1), 0);
        }
      },
      [&] { timers.advance_due(kEver); });
  CHECK(wrong.load() == 0);
  std::size_t left = 0;
  for (Atomic<std::uint64_t>& handle : shared)
    left += handle.load() != 0 ? 1 : 0;
  CHECK(timers.count(1) == left);
  CHECK(timers.close_all(1) == left);
  CHECK(timers.settle() == kNever);
}

TEST_CASE("an unload closes an owner's timers while they fire and others work") {
  CountingTarget target;
  Timers timers(target, 2);
  run_threads(
      2,
      [&](unsigned me) {
        SlotArena::Cache cache;
        const OwnerId owner = me + 1;
        for (int round = 0; round < 2000; ++round) {
          Handle timer;
          bool lowered = false;
          timers.create(owner, &cache, timer);
          timers.arm(owner, timer, kStart, me, lowered);
          timers.poll(owner, timer, task_waker(me), 0);
          if (me == 0) timers.close(owner, timer, &cache);
        }
        timers.flush(cache);
      },
      [&] {
        timers.advance_due(kStart + kTickNanos);
        timers.close_all(2);
      });
  timers.close_all(2);
  CHECK(timers.count(1) == 0);
  CHECK(timers.count(2) == 0);
  CHECK(timers.advance_due(kEver) == 0);
}
