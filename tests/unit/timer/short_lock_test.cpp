#include "runtime/timer/short_lock.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

using namespace ekiden::runtime;

TEST_CASE("a short lock lets one thread in at a time") {
  const int threads = GENERATE(1, 2, 4, 8);
  constexpr int kRounds = 20'000;
  ShortLock lock;
  long sum = 0;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        ShortLockGuard guard(lock);
        ++sum;
      }
    });
  }
  for (std::thread& thread : running)
    thread.join();
  REQUIRE(sum == static_cast<long>(threads) * kRounds);
}

TEST_CASE("a short lock is got after a holder that took long") {
  ShortLock lock;
  Atomic<bool> started{false};
  bool got = false;
  std::thread waiter;
  {
    ShortLockGuard guard(lock);
    waiter = std::thread([&] {
      started.store(true);
      ShortLockGuard inner(lock);
      got = true;
    });
    while (!started.load())
      std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // past the spinning
    CHECK_FALSE(got);
  }
  waiter.join();
  REQUIRE(got);
}
