// The one task that its worker runs next, because the running one just woke or spawned it. Whoever
// takes it uses exchange, so a thief can take it from a worker that is stuck in a poll. Only the
// owner puts, so a slot that it finds empty stays empty until then.
#pragma once

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

template <class T>
class LifoSlot {
 public:
  // Owner only. False: there is a task already.
  [[nodiscard]] bool put(T* item) {
    if (slot_.load(std::memory_order_relaxed) != nullptr) return false;
    // release: pairs with take().
    slot_.store(item, std::memory_order_release);
    return true;
  }

  // Owner only. Returns the task that was there before, now in the caller's hand.
  [[nodiscard]] T* replace(T* item) {
    return put(item) ? nullptr : slot_.exchange(item, std::memory_order_acq_rel);
  }

  // Owner or thief. acq_rel: pairs with put() and replace().
  [[nodiscard]] T* take() {
    // The cheap look first: mostly the slot is empty, and an exchange costs 5 ns.
    if (slot_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    return slot_.exchange(nullptr, std::memory_order_acq_rel);
  }

  bool empty() const { return slot_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  Atomic<T*> slot_{nullptr};
};

}  // namespace ekiden::runtime
