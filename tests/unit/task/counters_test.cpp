#include "runtime/observe/counters.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("totals are sums over all shards") {
  std::array<TypeCounters, 3> shards;
  for (unsigned i = 0; i < shards.size(); ++i) {
    const std::uint64_t value = i + 1;
    shards[i].polls = 10 * value;
    shards[i].busy_ns = 20 * value;
    shards[i].spawned = 30 * value;
    shards[i].freed = 4 * value;
    shards[i].completed = 5 * value;
    shards[i].failed = 6 * value;
    shards[i].cancelled = 7 * value;
    shards[i].dropped = 8 * value;
  }
  const CounterTotals total = sum(shards.data(), shards.size());
  CHECK(total.polls == 60);
  CHECK(total.busy_ns == 120);
  CHECK(total.spawned == 180);
  CHECK(total.freed == 24);
  CHECK(total.completed == 30);
  CHECK(total.failed == 36);
  CHECK(total.cancelled == 42);
  CHECK(total.dropped == 48);
  CHECK(total.live() == 156);
  CHECK(sum_spawned(shards.data(), shards.size()) == 180);
  CHECK(sum_freed(shards.data(), shards.size()) == 24);

  const CounterTotals since = total - sum(shards.data(), 1);
  CHECK(since.polls == 50);
  CHECK(since.dropped == 40);
  CHECK(since.live() == 130);
}

TEST_CASE("one shard or none") {
  std::array<TypeCounters, 2> shards;
  shards[1].polls = 5;
  CHECK(sum(shards.data(), 1).polls == 0);
  CHECK(sum(nullptr, 0).live() == 0);
}

TEST_CASE("adds and marks of one writer") {
  Counter counter{5};
  add_relaxed<std::uint64_t>(counter, 7);
  CHECK(counter == 12);
  max_relaxed<std::uint64_t>(counter, 3);
  CHECK(counter == 12);
  max_relaxed<std::uint64_t>(counter, 30);
  CHECK(counter == 30);
}

// The rule that an unload believes: who spawns is counted until after its spawn is, so whoever
// reads "freed" first and "spawned" second never finds nobody.
TEST_CASE("a chain of tasks that spawn each other across shards is never counted as empty") {
  constexpr unsigned kShards = 3;
  std::array<TypeCounters, kShards> shards;
  shards[0].spawned = 1;
  Atomic<bool> done{false};
  Atomic<int> empty{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (unsigned i = 0; i < 200'000; ++i) {
        add_relaxed<std::uint64_t>(shards[(i + 1) % kShards].spawned, 1);
        Counter& freed = shards[i % kShards].freed;
        freed.store(freed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      }
      done.store(true);
    } else {
      while (!done.load()) {
        if (sum(shards.data(), kShards).live() == 0) ++empty;
      }
    }
  });
  CHECK(empty == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
