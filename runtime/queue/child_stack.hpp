// The children that the tasks of one worker have spawned: its worker takes the newest, thieves the
// oldest. So a tree of tasks is walked depth first, with as many of them alive as the tree is deep
// times its width, and its memory stays in the cache, while a thief takes the largest branch there
// is and is busy with it for long.
//
// The algorithm is Chase and Lev's ("Dynamic Circular Work-Stealing Deque", 2005) with a fixed
// capacity, and the memory orders of Lê, Pop, Cohen and Zappa Nardelli ("Correct and Efficient
// Work-Stealing for Weak Memory Models", 2013), whose fences are seq_cst accesses here.
//
// Entries [top, bottom) are live. Both counts are 64 bits wide and never wrap. The owner announces
// that it takes entry bottom - 1 by moving the bottom (seq_cst), then looks at the top (seq_cst). A
// thief looks at the top, then at the bottom (seq_cst), then moves the top by compare-exchange. Of
// an owner and a thief that want the same entry, one sees the other's move, unless it is the last
// one: that goes to whoever moves the top.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::runtime {

template <class T>
class ChildStack {
 public:
  // `capacity`: a power of two.
  explicit ChildStack(std::size_t capacity)
      : mask_(capacity - 1), entries_(std::make_unique<Atomic<T*>[]>(capacity)) {
    EKIDEN_CHECK(capacity >= 2);
    EKIDEN_CHECK((capacity & mask_) == 0);
  }

  std::size_t capacity() const { return static_cast<std::size_t>(mask_) + 1; }

  // A look from outside, as LocalQueue::size(): 0 was right at some moment.
  std::size_t size() const {
    // seq_cst: a worker that goes to sleep has published that first and looks second.
    const std::uint64_t top = top_.load(std::memory_order_seq_cst);
    const std::uint64_t bottom = bottom_.load(std::memory_order_seq_cst);
    // A pop that finds nothing has the bottom below the top for a moment.
    return bottom > top ? static_cast<std::size_t>(bottom - top) : 0;
  }
  bool empty() const { return size() == 0; }

  // --- Owner only ------------------------------------------------------------------------------

  // How many it holds then, at most; 0: it was full.
  [[nodiscard]] std::size_t push(T* item) {
    const std::uint64_t bottom = bottom_.load(std::memory_order_relaxed);  // relaxed: ours
    // acquire: pairs with the exchange of a thief, which has read the entry that we overwrite.
    const std::uint64_t top = top_.load(std::memory_order_acquire);
    if (bottom - top > mask_) return 0;
    // relaxed: published by the bottom.
    entries_[bottom & mask_].store(item, std::memory_order_relaxed);
    // release: pairs with the thief's load of the bottom.
    bottom_.store(bottom + 1, std::memory_order_release);
    return static_cast<std::size_t>(bottom + 1 - top);
  }

  // The newest; null when there is none.
  T* pop() {
    const std::uint64_t old = bottom_.load(std::memory_order_relaxed);  // relaxed: ours
    // The cheap look first: the store below costs 5 ns. The top never falls, so what was empty once
    // stays so until our next push.
    if (top_.load(std::memory_order_relaxed) >= old) return nullptr;
    const std::uint64_t bottom = old - 1;
    bottom_.store(bottom, std::memory_order_seq_cst);
    std::uint64_t top = top_.load(std::memory_order_seq_cst);
    if (top < bottom) return entries_[bottom & mask_].load(std::memory_order_relaxed);
    T* item = nullptr;
    if (top == bottom) {
      item = entries_[bottom & mask_].load(std::memory_order_relaxed);
      if (!take(top)) item = nullptr;
    }
    // relaxed: the stack is empty, and says so with the old bottom, too.
    bottom_.store(old, std::memory_order_relaxed);
    return item;
  }

  // --- Thieves, and the owner for the sake of fairness -------------------------------------------

  // The oldest; null when there is none, or when others were quicker.
  T* steal() {
    // seq_cst: before the load of the bottom, for the owner, too.
    std::uint64_t top = top_.load(std::memory_order_seq_cst);
    // It includes the acquire that pairs with push(): entries below the bottom are there.
    if (top >= bottom_.load(std::memory_order_seq_cst)) return nullptr;
    T* item = entries_[top & mask_].load(std::memory_order_relaxed);
    return take(top) ? item : nullptr;
  }

 private:
  // release: our read of the entry happens before the owner, who acquires the top, overwrites it.
  bool take(std::uint64_t& top) {
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
  }

  const std::uint64_t mask_;
  const std::unique_ptr<Atomic<T*>[]> entries_;
  alignas(kCacheLineBytes) Atomic<std::uint64_t> top_{0};
  alignas(kCacheLineBytes) Atomic<std::uint64_t> bottom_{0};
};

}  // namespace ekiden::runtime
