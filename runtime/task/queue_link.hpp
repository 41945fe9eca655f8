// One word of a task that two things share, because no task needs both at once: where it is linked
// in the global queue (whose array was full), the next task there; while it waits, since when.
//
// Only the thread that has the task in hand writes it. Listers read it at any time, so the word
// says itself what it holds: a time is odd, a pointer is even.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"

namespace ekiden::runtime {

// All zero is the end of a queue.
template <class T>
class QueueLink {
 public:
  // For the queues, which see a T*. relaxed: their locks order what they write and read.
  QueueLink& operator=(T* next) {
    word_.store(reinterpret_cast<std::uintptr_t>(next), std::memory_order_relaxed);
    return *this;
  }
  operator T*() const {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(word_.load(std::memory_order_relaxed)));
  }

  // The task begins to wait. The lowest bit of the time is given up. relaxed: for people.
  void set_since(Nanos now) { word_.store(now | 1, std::memory_order_relaxed); }
  // Any thread. Since when it waits; nothing where it has been linked since. Of a task that does
  // not wait, since when it last did: look at the state word before and after.
  std::optional<Nanos> since() const {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return (word & 1) != 0 ? std::optional<Nanos>(word) : std::nullopt;
  }

 private:
  static_assert(sizeof(T*) <= sizeof(std::uint64_t));
  Atomic<std::uint64_t> word_{0};
};

}  // namespace ekiden::runtime
