// Counters: one writer each, plain stores, summed when somebody looks. A contended atomic would
// cost more than many a poll.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

using Counter = Atomic<std::uint64_t>;

// What one worker did for one task type. The last block of a type is written by all other threads
// and therefore with read-modify-writes.
//
// `spawned` and `freed` are more than numbers: an owner's tasks are spawned minus freed, and an
// unload believes it. `freed` is therefore stored with release and read first, with acquire:
// whoever sees a task freed also sees everything that this task spawned.
struct alignas(kCacheLineBytes) TypeCounters {
  Counter polls{0};
  Counter busy_ns{0};
  Counter spawned{0};
  Counter freed{0};
  Counter completed{0};
  Counter failed{0};
  Counter cancelled{0};
  Counter dropped{0};
};

struct CounterTotals {
  std::uint64_t polls = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t spawned = 0;
  std::uint64_t freed = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t dropped = 0;
  std::uint64_t live() const { return spawned - freed; }
};

CounterTotals operator-(CounterTotals a, const CounterTotals& b);

CounterTotals sum(const TypeCounters* shards, unsigned count);
// The two that an unload needs, for the sum over several types: read all that were freed before any
// that were spawned.
std::uint64_t sum_freed(const TypeCounters* shards, unsigned count);
std::uint64_t sum_spawned(const TypeCounters* shards, unsigned count);

// What one worker did. Written by the worker alone.
struct alignas(kCacheLineBytes) WorkerCounters {
  Counter polls{0};  // also the sign of life that monitor and thieves look at
  Counter busy_ns{0};
  Counter lifo_hits{0};
  Counter steals{0};
  Counter stolen_tasks{0};
  Counter overflows{0};
  Counter parks{0};
  Counter local_high_water{0};
  Counter timer_fires{0};
  Counter io_events{0};
  Counter budget_yields{0};
};

}  // namespace ekiden::runtime
