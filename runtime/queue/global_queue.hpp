// The queue for work from outside the workers and for what overflows their rings, in shards, so
// that many outside threads do not meet on one lock. Roughly first in, first out: a shard is, and
// poppers go round the shards.
//
// It holds any number: what a wake or an overflow pushes is never refused, and a push never
// allocates. The capacity is an admission number for new work only. A shard is an array of
// pointers, with its share of that many places, so that neither side touches the items (which
// another core has written last); what does not fit is linked through the items. T has a member
// `T* queue_next`, which belongs to the queue while it holds the item.
#pragma once

#include <algorithm>
#include <bit>
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
    const std::size_t share = std::max<std::size_t>(capacity / shards, 1);
    for (unsigned i = 0; i < shards; ++i)
      shards_[i].make_places(std::bit_ceil(share));
  }

  // Items now; right at some moment. seq_cst: see LocalQueue::size().
  std::size_t size() const { return size_.load(std::memory_order_seq_cst); }
  bool empty() const { return size() == 0; }
  std::size_t capacity() const { return capacity_; }
  // The most there ever were. The number falls only in pop(), so it is enough to look there and
  // now: a push need not.
  std::size_t high_water() const {
    return std::max(high_water_.load(std::memory_order_relaxed), size());
  }
  std::uint64_t pushes() const {
    std::uint64_t all = 0;
    for (unsigned i = 0; i <= mask_; ++i)
      all += shards_[i].pushes.load(std::memory_order_relaxed);
    return all;
  }

  // Reserves room for up to `count` new items, to be pushed with push_admitted. Returns for how
  // many there was room; 0: it is at capacity.
  [[nodiscard]] std::size_t admit(std::size_t count = 1) {
    std::size_t size = size_.load(std::memory_order_relaxed);
    // Not an add that is taken back: meanwhile it would refuse others for whom there is room.
    while (size < capacity_) {
      const std::size_t admitted = std::min(count, capacity_ - size);
      if (size_.compare_exchange_weak(size, size + admitted, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        return admitted;
      }
    }
    return 0;
  }
  // True if `count` more would still be within the capacity: for an overflow caused by new work.
  bool has_room(std::size_t count) const { return size() + count <= capacity_; }

  // `hint` spreads callers over the shards (a thread's or worker's number).
  void push_admitted(T* item, unsigned hint) {
    put(1, hint, [item] { return item; });
  }
  // As push_n().
  template <class Next>
  void push_admitted_n(std::size_t count, unsigned hint, Next next) {
    put(count, hint, next);
  }
  // Whatever the capacity. Never fails.
  void push(T* item, unsigned hint) {
    push_n(1, hint, [item] { return item; });
  }
  // `count` items that `next()` returns one by one, in one go. It runs under a lock.
  template <class Next>
  void push_n(std::size_t count, unsigned hint, Next next) {
    size_.fetch_add(count, std::memory_order_seq_cst);
    put(count, hint, next);
  }

  // Takes up to `most` items from one shard and calls `take(item)` with each, under a lock, oldest
  // first; returns how many. Each call of one caller begins at the next shard: pass a counter of
  // its own.
  template <class Take>
  std::size_t pop(std::size_t most, unsigned& cursor, Take take) {
    if (most == 0 || empty()) return 0;
    for (unsigned i = 0; i <= mask_; ++i) {
      Shard& shard = shards_[cursor++ & mask_];
      // relaxed: a miss here is found by the caller's last look before it sleeps, since size_ is
      // counted up before a push and the pusher then wakes somebody.
      if (shard.count.load(std::memory_order_relaxed) == 0) continue;
      const std::size_t taken = shard.take(most, take);
      if (taken == 0) continue;
      note_high_water(size_.fetch_sub(taken, std::memory_order_seq_cst));
      return taken;
    }
    return 0;
  }

 private:
  class alignas(kCacheLineBytes) Shard {
   public:
    // Before anybody uses it. `count`: a power of two. Memory is touched only where it is used.
    void make_places(std::size_t count) {
      MutexLock lock(mutex);
      places = std::make_unique_for_overwrite<T*[]>(count);
      places_mask = count - 1;
    }

    template <class Next>
    void put(std::size_t more, Next& next) {
      MutexLock lock(mutex);
      for (std::size_t i = 0; i < more; ++i)
        put_one(next());
      add(more);
      add_relaxed<std::uint64_t>(pushes, more);
    }

    template <class Take>
    std::size_t take(std::size_t most, Take& take_one) {
      MutexLock lock(mutex);
      const std::size_t taken = std::min(most, count.load(std::memory_order_relaxed));
      for (std::size_t i = 0; i < taken; ++i)
        take_one(oldest());
      // An empty array begins at its first place again: it need not all be touched.
      if (head == tail) head = tail = 0;
      add(std::size_t{0} - taken);
      return taken;
    }

    Atomic<std::size_t> count{0};     // written under the mutex
    Atomic<std::uint64_t> pushes{0};  // the same: items ever

   private:
    void put_one(T* item) EKIDEN_REQUIRES(mutex) {
      // Behind those that are linked, so that the order holds.
      if (first == nullptr && tail - head <= places_mask) {
        places[tail++ & places_mask] = item;
        return;
      }
      item->queue_next = nullptr;
      if (first == nullptr) {
        first = item;
      } else {
        last->queue_next = item;
      }
      last = item;
    }

    T* oldest() EKIDEN_REQUIRES(mutex) {
      if (head != tail) return places[head++ & places_mask];
      T* item = first;
      first = item->queue_next;
      return item;
    }

    void add(std::size_t change) EKIDEN_REQUIRES(mutex) {
      count.store(count.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    }

    Mutex mutex;
    std::unique_ptr<T*[]> places EKIDEN_GUARDED_BY(mutex);
    std::size_t places_mask EKIDEN_GUARDED_BY(mutex) = 0;
    std::size_t head EKIDEN_GUARDED_BY(mutex) = 0;
    std::size_t tail EKIDEN_GUARDED_BY(mutex) = 0;
    T* first EKIDEN_GUARDED_BY(mutex) = nullptr;
    T* last EKIDEN_GUARDED_BY(mutex) = nullptr;
  };

  template <class Next>
  void put(std::size_t count, unsigned hint, Next next) {
    shards_[hint & mask_].put(count, next);
  }

  void note_high_water(std::size_t size) {
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
  Atomic<std::size_t> high_water_{0};  // as of the last pop
};

}  // namespace ekiden::runtime
