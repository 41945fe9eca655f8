// A worker's ring of runnable tasks: one producer (its worker), any number of thieves.
//
// `head_` counts what was taken, `tail_` what was put; both are 64 bits wide and never wrap.
// Entries [head, tail) are live. The owner puts at the tail without a read-modify-write; owner and
// thieves take at the head by moving it with a compare-exchange, after copying what they want: an
// entry copied before a failed exchange is simply forgotten, and until the exchange has succeeded
// nobody touches what the entry points to. (The shape is Go's runq. Tokio reserves with a second
// head first; then a thief that loses its CPU in between holds up the others.)
//
// Why no entry is lost or taken twice: an entry at position p is overwritten only by the put of
// p + capacity, which needs head > p (acquire in push, paired with the release of the exchange that
// moved the head past p). So while a thief's exchange from head h can still succeed, head has been
// h all the time and the entries it copied, at h and after, were intact.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::runtime {

template <class T>
class LocalQueue {
 public:
  // `capacity`: a power of two.
  explicit LocalQueue(std::size_t capacity)
      : mask_(capacity - 1), ring_(std::make_unique<Atomic<T*>[]>(capacity)) {
    EKIDEN_CHECK(capacity >= 2);
    EKIDEN_CHECK((capacity & mask_) == 0);
  }

  std::size_t capacity() const { return mask_ + 1; }

  // A look from outside. 0 was right at some moment between call and return; another number may be
  // too high, by what was pushed and taken between the two loads.
  std::size_t size() const {
    // seq_cst: a worker that goes to sleep has published that first and looks second.
    const std::uint64_t head = head_.load(std::memory_order_seq_cst);
    const std::uint64_t tail = tail_.load(std::memory_order_seq_cst);
    return static_cast<std::size_t>(std::min<std::uint64_t>(tail - head, capacity()));
  }
  bool empty() const { return size() == 0; }

  // --- Owner only ------------------------------------------------------------------------------

  // How many it holds then, at most; 0: it was full.
  [[nodiscard]] std::size_t push(T* item) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);  // relaxed: ours
    // acquire: pairs with the release in take(): the thief has read the entry that we overwrite.
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    if (tail - head > mask_) return 0;
    // relaxed: published by the tail.
    ring_[tail & mask_].store(item, std::memory_order_relaxed);
    // release: pairs with the acquire of the tail in steal_from(). Not seq_cst, which would cost
    // more than the rest: see IdleSet for what that leaves to the monitor.
    tail_.store(tail + 1, std::memory_order_release);
    return static_cast<std::size_t>(tail + 1 - head);
  }

  T* pop() {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
      if (head == tail_.load(std::memory_order_relaxed)) return nullptr;
      T* item = ring_[head & mask_].load(std::memory_order_relaxed);
      fetch_ahead(head);
      if (take(head, 1)) return item;
    }
  }

  // Takes half (at least one) of a full ring out for the global queue: entries [from, from + count)
  // are the caller's, to be read with entry(). 0 only if thieves were here.
  std::size_t take_half(std::uint64_t& from) {
    from = head_.load(std::memory_order_relaxed);
    std::uint64_t count;
    do {
      const std::uint64_t live = tail_.load(std::memory_order_relaxed) - from;
      count = live - live / 2;
      if (count == 0) return 0;
    } while (!take(from, count));
    return static_cast<std::size_t>(count);
  }
  // Only now: before the exchange a thief may have had it already. It stays until the next push.
  T* entry(std::uint64_t position) const {
    return ring_[position & mask_].load(std::memory_order_relaxed);
  }

  // --- Thieves ---------------------------------------------------------------------------------

  // Moves half of the victim's tasks (rounded up) into this ring, which is the caller's own, and
  // returns one more of them to run at once; null when there was nothing. `moved`: all in all.
  T* steal_from(LocalQueue& victim, std::size_t& moved) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);  // relaxed: ours
    const std::uint64_t room = capacity() - (tail - head_.load(std::memory_order_acquire));
    // acquire: pairs with the release of the exchange that moved it there.
    std::uint64_t head = victim.head_.load(std::memory_order_acquire);
    for (;;) {
      // acquire: pairs with push(): entries below this tail are there.
      const std::uint64_t live = victim.tail_.load(std::memory_order_acquire) - head;
      // The two were not read at one moment: a head older than the tail can pretend too much.
      if (live > victim.capacity()) {
        head = victim.head_.load(std::memory_order_acquire);
        continue;
      }
      const std::uint64_t count = std::min(live - live / 2, room + 1);
      if (count == 0) return moved = 0, nullptr;
      for (std::uint64_t i = 0; i + 1 < count; ++i) {
        T* item = victim.ring_[(head + i) & victim.mask_].load(std::memory_order_relaxed);
        ring_[(tail + i) & mask_].store(item, std::memory_order_relaxed);
      }
      T* run = victim.ring_[(head + count - 1) & victim.mask_].load(std::memory_order_relaxed);
      if (!victim.take(head, count)) continue;
      if (count > 1) tail_.store(tail + count - 1, std::memory_order_release);  // as in push()
      moved = static_cast<std::size_t>(count);
      return run;
    }
  }

 private:
  // What is taken soon was written by another core, or long ago: it is on its way while the next
  // ones run. An entry behind the tail is an old one, and does no harm.
  void fetch_ahead(std::uint64_t head) const {
    const T* soon = ring_[(head + kFetchAhead) & mask_].load(std::memory_order_relaxed);
    // A number, because arithmetic on the null of an entry never used is undefined as a pointer's.
    const auto address = reinterpret_cast<std::uintptr_t>(soon);
    __builtin_prefetch(reinterpret_cast<const void*>(address), /*rw=*/1);
    __builtin_prefetch(reinterpret_cast<const void*>(address + kCacheLineBytes), /*rw=*/1);
  }

  // Moves the head from `head` on by `count`; on failure `head` is the newer value.
  bool take(std::uint64_t& head, std::uint64_t count) {
    // release: our reads of the entries happen before the owner, who acquires the head, overwrites
    // them. seq_cst, so that size() is in the same order.
    return head_.compare_exchange_strong(head, head + count, std::memory_order_seq_cst,
                                         std::memory_order_acquire);
  }

  static constexpr std::uint64_t kFetchAhead = 6;

  const std::uint64_t mask_;
  const std::unique_ptr<Atomic<T*>[]> ring_;
  alignas(kCacheLineBytes) Atomic<std::uint64_t> head_{0};
  alignas(kCacheLineBytes) Atomic<std::uint64_t> tail_{0};
};

}  // namespace ekiden::runtime
