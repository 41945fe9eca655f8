// A waker names what to make runnable: kind, slot index, generation, in 64 bits. It is a plain
// value: copying and dropping cost nothing, and an old one finds another generation and does
// nothing. (Tokio's wakers are counted references to the task; ours are names, because memory of
// task slots is type-stable.)
#pragma once

#include "runtime/base/handle.hpp"

namespace ekiden::runtime {

using Waker = Handle;

// What timers, reactor, blocking pool and joins call upward. Implemented by the scheduler.
class WakeTarget {
 public:
  // Any thread. Never fails, never blocks, never allocates. After it returns, the task is polled
  // at least once more, unless it is complete or past its last permitted poll.
  virtual void wake(Waker waker) noexcept = 0;

 protected:
  ~WakeTarget() = default;
};

}  // namespace ekiden::runtime
