#include "runtime/observe/counters.hpp"

namespace ekiden::runtime {

std::uint64_t sum_freed(const TypeCounters* shards, unsigned count) {
  std::uint64_t freed = 0;
  for (unsigned i = 0; i < count; ++i) {
    // acquire: pairs with the release store of the counter; see TypeCounters.
    freed += shards[i].freed.load(std::memory_order_acquire);
  }
  return freed;
}

std::uint64_t sum_spawned(const TypeCounters* shards, unsigned count) {
  std::uint64_t spawned = 0;
  for (unsigned i = 0; i < count; ++i) {
    // After the acquires in sum_freed(), which order it. seq_cst, because a spawner that is no
    // worker counts first and looks at its owner's admission second; see OwnerTable::admits().
    spawned += shards[i].spawned.load(std::memory_order_seq_cst);
  }
  return spawned;
}

CounterTotals sum(const TypeCounters* shards, unsigned count) {
  CounterTotals total;
  total.freed = sum_freed(shards, count);
  total.spawned = sum_spawned(shards, count);
  for (unsigned i = 0; i < count; ++i) {
    // relaxed: numbers for people.
    const TypeCounters& shard = shards[i];
    total.polls += shard.polls.load(std::memory_order_relaxed);
    total.busy_ns += shard.busy_ns.load(std::memory_order_relaxed);
    total.completed += shard.completed.load(std::memory_order_relaxed);
    total.failed += shard.failed.load(std::memory_order_relaxed);
    total.cancelled += shard.cancelled.load(std::memory_order_relaxed);
    total.dropped += shard.dropped.load(std::memory_order_relaxed);
  }
  return total;
}

CounterTotals operator-(CounterTotals a, const CounterTotals& b) {
  a.polls -= b.polls;
  a.busy_ns -= b.busy_ns;
  a.spawned -= b.spawned;
  a.freed -= b.freed;
  a.completed -= b.completed;
  a.failed -= b.failed;
  a.cancelled -= b.cancelled;
  a.dropped -= b.dropped;
  return a;
}

}  // namespace ekiden::runtime
