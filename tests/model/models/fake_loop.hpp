// The kernel as far as the reactor sees it: one descriptor that gets readable, the eventfd of an
// InterruptEvent, and an EventLoop over the two that sleeps and is interrupted in the same steps as
// the real one (asio_turn.cpp), with the real InterruptEvent.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/futex.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/interrupt_event.hpp"
#include "tests/model/checker/plain.hpp"

namespace ekiden::model {

// One a run. What it keeps is under a lock of its own, as in the kernel, and hands on no more than
// that lock does.
class FakeKernel {
 public:
  FakeKernel();
  ~FakeKernel();

  // --- What the model does -----------------------------------------------------------------------

  void send_bytes();
  // False: it would have blocked. Takes all.
  bool receive_bytes();
  bool has_bytes();
  bool is_closed();
  bool somebody_waits();

  // --- What system calls do ----------------------------------------------------------------------

  static FakeKernel& of_this_run();
  void write_event();
  void read_event();
  void close_descriptor();
  // Blocks until one of what is watched is ready, and takes it out of what is watched.
  enum class Ready : std::uint8_t { kNothing, kEvent, kBytes };
  Ready wait();
  Ready look();
  // From the first call on every arrival of bytes is reported once, as with an edge-triggered
  // epoll.
  void follow_bytes();
  void watch_event();

 private:
  void ring_bell();
  Ready take_ready() EKIDEN_REQUIRES(mutex_);
  Ready look_or_wait();

  runtime::Mutex mutex_;
  bool bytes_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool bytes_followed_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool edge_ EKIDEN_GUARDED_BY(mutex_) = false;  // not reported yet
  std::uint64_t event_ EKIDEN_GUARDED_BY(mutex_) = 0;
  bool event_watched_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool closed_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool waits_ EKIDEN_GUARDED_BY(mutex_) = false;
  runtime::Atomic<std::uint32_t> bell_{0};
};

class FakeLoop final : public runtime::EventLoop {
 public:
  Added add(int fd, std::uint64_t token) override;
  bool watch(Registration registration, runtime::Interest interest) override;
  bool follow(Registration registration, runtime::Interest interest) override;
  bool remove(Registration registration) override;
  int release(Registration) override { return -1; }
  void interrupt() noexcept override { interrupt_.raise(); }
  void arm(runtime::Nanos) noexcept override {}
  void arm_no_later_than(runtime::Nanos) noexcept override {}
  Turn turn(runtime::EventSink& sink, runtime::Wait wait, std::size_t max_events) override;

 private:
  bool handle(FakeKernel::Ready ready, runtime::EventSink& sink);

  runtime::InterruptEvent interrupt_;
  Plain<bool> interrupt_watched_;  // holder only
  std::uint64_t token_ = 0;        // constant once it is set up
};

}  // namespace ekiden::model
