#include "daemon/host/block_ledger.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace ekiden::daemon::host {
namespace {

TEST_CASE("a block is counted from its allocation to its release", "[block_ledger]") {
  BlockLedger ledger;
  void* small = ledger.allocate(10, 0);
  void* large = ledger.allocate(5000, 4096);
  REQUIRE(small != nullptr);
  REQUIRE(large != nullptr);
  std::memset(small, 1, 10);
  std::memset(large, 2, 5000);
  CHECK(reinterpret_cast<std::uintptr_t>(small) % 16 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(large) % 4096 == 0);
  CHECK(ledger.totals().blocks == 2);
  CHECK(ledger.totals().bytes == 5010);
  CHECK(ledger.free(small));
  CHECK(ledger.totals().blocks == 1);
  CHECK(ledger.totals().bytes == 5000);
  CHECK(ledger.free(large));
  CHECK(ledger.totals().blocks == 0);
  CHECK(ledger.totals().bytes == 0);
}

TEST_CASE("what is no block of the ledger is left alone", "[block_ledger]") {
  BlockLedger ledger;
  BlockLedger other;
  void* mine = ledger.allocate(32, 0);
  void* theirs = other.allocate(32, 0);
  int on_the_stack = 0;

  CHECK_FALSE(ledger.free(theirs));
  CHECK_FALSE(ledger.free(&on_the_stack));
  CHECK_FALSE(ledger.free(static_cast<char*>(mine) + 16));
  CHECK_FALSE(ledger.free(reinterpret_cast<void*>(std::uintptr_t{8})));
  CHECK(ledger.free(mine));
  CHECK_FALSE(ledger.free(mine));
  CHECK(other.free(theirs));
}

TEST_CASE("what is left is released in one go", "[block_ledger]") {
  BlockLedger ledger;
  for (std::uint64_t i = 1; i <= 1000; ++i)
    REQUIRE(ledger.allocate(i, 0) != nullptr);
  const BlockTotals left = ledger.release_all();
  CHECK(left.blocks == 1000);
  CHECK(left.bytes == 1000 * 1001 / 2);
  CHECK(ledger.totals().blocks == 0);
  CHECK(ledger.release_all().blocks == 0);
}

TEST_CASE("more than there is answers null", "[block_ledger]") {
  BlockLedger ledger;
  CHECK(ledger.allocate(~std::uint64_t{0}, 0) == nullptr);
  CHECK(ledger.allocate(~std::uint64_t{0} - 64, 4096) == nullptr);
  CHECK(ledger.totals().blocks == 0);
}

// The table under it: compared with a plain list while both grow and shrink.
TEST_CASE("a block table finds exactly what is in it", "[block_ledger]") {
  std::mt19937 random(7);
  BlockTable table;
  std::vector<std::uintptr_t> in;
  std::uint64_t bytes = 0;
  // Addresses that are close together, so that homes collide.
  const auto block = [](std::uintptr_t at) { return reinterpret_cast<void*>(at); };
  for (int step = 0; step < 20000; ++step) {
    const bool grow = in.empty() || random() % 100 < (step < 10000 ? 60u : 40u);
    if (grow) {
      const std::uintptr_t at = 0x10000 + 16 * static_cast<std::uintptr_t>(step);
      REQUIRE(table.add(block(at), at % 1000 + 1));
      bytes += at % 1000 + 1;
      in.push_back(at);
    } else {
      const std::size_t pick = random() % in.size();
      const std::uintptr_t at = in[pick];
      in[pick] = in.back();
      in.pop_back();
      REQUIRE(table.remove(block(at)));
      REQUIRE_FALSE(table.remove(block(at)));
      bytes -= at % 1000 + 1;
    }
    REQUIRE(table.totals().blocks == in.size());
    REQUIRE(table.totals().bytes == bytes);
  }
  for (const std::uintptr_t at : in)
    REQUIRE(table.remove(block(at)));
  CHECK(table.totals().blocks == 0);
}

TEST_CASE("threads may allocate and free side by side", "[block_ledger]") {
  BlockLedger ledger;
  constexpr int kThreads = 4;
  constexpr int kRounds = 5000;
  std::vector<int> failures(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<void*> mine;
      for (int i = 0; i < kRounds; ++i) {
        mine.push_back(ledger.allocate(static_cast<std::uint64_t>(i % 100 + 1), 0));
        if (mine.size() < 50) continue;
        for (void* block : mine) {
          if (!ledger.free(block)) ++failures[static_cast<std::size_t>(t)];
        }
        mine.clear();
      }
      for (void* block : mine) {
        if (!ledger.free(block)) ++failures[static_cast<std::size_t>(t)];
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(failures == std::vector<int>(kThreads, 0));
  CHECK(ledger.totals().blocks == 0);
  CHECK(ledger.totals().bytes == 0);
}

}  // namespace
}  // namespace ekiden::daemon::host
