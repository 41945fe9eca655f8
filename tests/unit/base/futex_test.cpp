#include "runtime/base/futex.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("a wait for another value than the word's returns at once") {
  const Atomic<std::uint32_t> word{1};
  futex_wait(word, 0);
  futex_wait_for(word, 0, 3600 * kNanosPerSecond);
}

TEST_CASE("a wait with a limit ends") {
  const Atomic<std::uint32_t> word{0};
  const Nanos before = SystemClock::instance().now_ns();
  // May return early for no reason, as its users know; so until the time has really passed.
  while (SystemClock::instance().now_ns() - before < 5 * kNanosPerMilli) {
    futex_wait_for(word, 0, 5 * kNanosPerMilli);
  }
  futex_wait_for(word, 0, 0);
}

TEST_CASE("waking nobody is nothing") {
  const Atomic<std::uint32_t> word{0};
  futex_wake(word, 1);
  futex_wake(word, 1000);
}

TEST_CASE("two threads hand a word to and fro, and no wake is lost") {
  Atomic<std::uint32_t> turn{0};
  constexpr int kRounds = 2000;
  std::uint64_t value = 0;  // plain on purpose: the word hands it over
  run_together(2, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      while (turn.load(std::memory_order_acquire) != me)
        futex_wait(turn, 1 - me);
      ++value;
      turn.store(1 - me, std::memory_order_release);
      futex_wake(turn, 1);
    }
  });
  CHECK(value == 2 * kRounds);
}

TEST_CASE("a wake with a count reaches all sleepers") {
  Atomic<std::uint32_t> word{0};
  Atomic<int> back{0};
  run_together(5, [&](unsigned me) {
    if (me == 0) {
      word.store(1, std::memory_order_release);
      futex_wake(word, 4);
      return;
    }
    while (word.load(std::memory_order_acquire) == 0)
      futex_wait(word, 0);
    ++back;
  });
  CHECK(back == 4);
}

}  // namespace
}  // namespace ekiden::runtime::test
