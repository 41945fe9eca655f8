// The queue for work from outside the workers and for what overflows their rings: an intrusive
// list, in shards, so that many outside threads do not meet on one lock. Roughly first in, first
// out: a shard is, and poppers go round the shards.
//
// It holds any number: what a wake or an overflow pushes is never refused. The capacity is an
// admission number for new work only. T has a member `T* queue_next`, which belongs to the queue
// while it holds the item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::runtime {

template <class T>
class GlobalQueue {
 public:
  // `shards`: a power of two.
  GlobalQueue(unsigned shards, std::size_t capacity)
      : mask_(shards - 1), capacity_(capacity), shards_(std::make_unique<Shard[]>(shards)) {
    EKIDEN_CHECK(shards >= 1);
    EKIDEN_CHECK((shards & mask_) == 0);
  }

  // Items now; right at some moment. seq_cst: see LocalQueue::size().
  std::size_t size() const { return size_.load(std::memory_order_seq_cst); }
  bool empty() const { return size() == 0; }
  std::size_t capacity() const { return capacity_; }
  std::size_t high_water() const { return high_water_.load(std::memory_order_relaxed); }
  std::uint64_t pushes() const { return pushes_.load(std::memory_order_relaxed); }

  // Reserves room for one new item, to be pushed with push_admitted. False: at capacity.
  [[nodiscard]] bool admit() {
    std::size_t size = size_.load(std::memory_order_relaxed);
    // Not an add that is taken back: meanwhile it would refuse others for whom there is room.
    while (size < capacity_) {
      if (size_.compare_exchange_weak(size, size + 1, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  // True if `count` more would still be within the capacity: for an overflow caused by new work.
  bool has_room(std::size_t count) const { return size() + count <= capacity_; }

  // `hint` spreads callers over the shards (a thread's or worker's number).
  void push_admitted(T* item, unsigned hint) { link(item, item, 1, hint); }

  // Pushes a chain first…last of `count` items whatever the capacity. Never fails.
  void push(T* first, T* last, std::size_t count, unsigned hint) {
    size_.fetch_add(count, std::memory_order_seq_cst);
    link(first, last, count, hint);
  }

  // Takes up to `most` items from one shard, chained; returns how many. Each call of one caller
  // begins at the next shard: pass a counter of its own.
  std::size_t pop(std::size_t most, unsigned& cursor, T*& first) {
    if (most == 0 || empty()) return 0;
    for (unsigned i = 0; i <= mask_; ++i) {
      Shard& shard = shards_[cursor++ & mask_];
      // relaxed: a miss here is found by the caller's last look before it sleeps, since size_ is
      // counted up before a push and the pusher then wakes somebody.
      if (shard.count.load(std::memory_order_relaxed) == 0) continue;
      const std::size_t taken = shard.take(most, first);
      if (taken == 0) continue;
      size_.fetch_sub(taken, std::memory_order_seq_cst);
      return taken;
    }
    return 0;
  }

 private:
  struct alignas(kCacheLineBytes) Shard {
    Mutex mutex;
    T* first EKIDEN_GUARDED_BY(mutex) = nullptr;
    T* last EKIDEN_GUARDED_BY(mutex) = nullptr;
    Atomic<std::size_t> count{0};  // written under the mutex

    std::size_t take(std::size_t most, T*& out) {
      MutexLock lock(mutex);
      out = first;
      std::size_t taken = 0;
      T* end = nullptr;
      while (first != nullptr && taken < most) {
        end = first;
        first = first->queue_next;
        ++taken;
      }
      if (end != nullptr) end->queue_next = nullptr;
      if (first == nullptr) last = nullptr;
      count.store(count.load(std::memory_order_relaxed) - taken, std::memory_order_relaxed);
      return taken;
    }
  };

  void link(T* first, T* last, std::size_t count, unsigned hint) {
    last->queue_next = nullptr;
    Shard& shard = shards_[hint & mask_];
    {
      MutexLock lock(shard.mutex);
      if (shard.last != nullptr) {
        shard.last->queue_next = first;
      } else {
        shard.first = first;
      }
      shard.last = last;
      shard.count.store(shard.count.load(std::memory_order_relaxed) + count,
                        std::memory_order_relaxed);
    }
    pushes_.fetch_add(count, std::memory_order_relaxed);
    const std::size_t size = size_.load(std::memory_order_relaxed);
    std::size_t mark = high_water_.load(std::memory_order_relaxed);
    while (size > mark &&
           !high_water_.compare_exchange_weak(mark, size, std::memory_order_relaxed)) {
    }
  }

  const unsigned mask_;
  const std::size_t capacity_;
  const std::unique_ptr<Shard[]> shards_;
  // Counted up before an item is linked and down after it is unlinked: never below the truth, so
  // zero means empty.
  alignas(kCacheLineBytes) Atomic<std::size_t> size_{0};
  Atomic<std::size_t> high_water_{0};
  Atomic<std::uint64_t> pushes_{0};
};

}  // namespace ekiden::runtime
