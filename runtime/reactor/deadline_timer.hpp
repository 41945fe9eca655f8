// The one timerfd of an event loop: absolute CLOCK_MONOTONIC, nanoseconds. Asio's own timed waits
// round up to whole milliseconds, and some of them wake every few minutes for no reason.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::runtime {

// Any thread may call everything here.
class DeadlineTimer {
 public:
  DeadlineTimer();  // throws std::system_error
  ~DeadlineTimer();
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  int descriptor() const noexcept { return fd_; }

  // kNever disarms. One system call, and none when this deadline is armed already.
  void arm(Nanos deadline_ns) noexcept EKIDEN_EXCLUDES(mutex_);
  // Arms only if nothing earlier is armed.
  void arm_no_later_than(Nanos deadline_ns) noexcept EKIDEN_EXCLUDES(mutex_);

  // Takes the expiry: true when the armed deadline has passed, and then nothing is armed any more.
  [[nodiscard]] bool consume() noexcept EKIDEN_EXCLUDES(mutex_);

 private:
  void set(Nanos deadline_ns) noexcept EKIDEN_REQUIRES(mutex_);

  const int fd_;
  Mutex mutex_;  // keeps the word and the kernel's setting in the same order
  // Written under the mutex. Read without it to save the system call: whoever finds its deadline
  // there may leave the call to the thread that stored it, which has made it or is about to.
  // seq_cst: a sleeper arms and then looks at the timers, another thread changes the timers and
  // then looks here; with less, both could miss what the other has just done.
  Atomic<Nanos> armed_ns_{kNever};
};

}  // namespace ekiden::runtime
