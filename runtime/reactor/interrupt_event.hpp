// The eventfd that makes a blocked turn return, and the two words that save its system calls.
//
//   interrupt():  pending = true (seq_cst)          turn: blocking = true (seq_cst)
//                 if blocking (seq_cst): write            if pending (seq_cst): do not block
//
// A Dekker pair: each side writes its own word, then reads the other's. In the one total order of
// seq_cst operations one of the two stores comes first, so the other side's load sees it: either
// the interrupter writes the eventfd, or the turn does not go to sleep. With acquire and release
// alone both loads could read the old values (each store waiting in its core's buffer), and the
// turn would sleep through the interrupt.
#pragma once

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

// A cache line of its own: any thread writes into it.
class alignas(kCacheLineBytes) InterruptEvent {
 public:
  InterruptEvent();  // throws std::system_error
  ~InterruptEvent();
  InterruptEvent(const InterruptEvent&) = delete;
  InterruptEvent& operator=(const InterruptEvent&) = delete;

  int descriptor() const noexcept { return fd_; }

  // Any thread; async-signal-safe. Coalesced: only the first call since the last consume() can
  // cost a write.
  void raise() noexcept;

  // The holder: makes the descriptor unreadable again. Only before begin_blocking(): drained after
  // that, the write of an interrupt that it did not see yet would be gone. A write that comes late
  // (its interrupt was consumed through the word) makes an empty wake-up of the loop, no more.
  void drain() noexcept;
  // The holder: between these two it may sleep on the descriptor. begin_blocking() says false when
  // it must not, because an interrupt is pending; it may be called again after an empty wake-up.
  [[nodiscard]] bool begin_blocking() noexcept;
  void end_blocking() noexcept;
  // The holder: takes the pending interrupt, if any.
  bool consume() noexcept { return pending_.exchange(false, std::memory_order_seq_cst); }

 private:
  const int fd_;
  Atomic<bool> pending_{false};
  Atomic<bool> blocking_{false};
};

}  // namespace ekiden::runtime
