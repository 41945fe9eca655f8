// Notify: "look again", without saying what at.
//
//   producer:  list.add(x); changed.notify_one();
//   consumer:  while (list.empty()) co_await changed.wait();
#pragma once

#include <ekiden/sdk/detail/signal.hpp>

EKIDEN_SDK_BEGIN

// Neither moved nor copied. Destroying it while a task waits for it ends the process.
class Notify {
 public:
  Notify() = default;

  // co_await: goes on when it is notified, once for each notify_one(), in the order of coming; at
  // once where one is stored. notify_all() counts from the call of wait() on, so this misses none:
  //
  //   auto changed = notify.wait();
  //   if (!condition()) co_await changed;
  //
  // Cancellation-safe: a notification by notify_one() that it was given, and has not gone on with,
  // goes to the next that waits; where there is none it is stored.
  detail::SignalWait wait() { return detail::SignalWait(signal_); }

  // [any] The first that waits goes on, and nobody else. Where nobody waits the notification is
  // stored for the next that comes; at most one is.
  void notify_one() noexcept { signal_.wake_one(); }
  // [any] All that wait now go on. Stores nothing, and takes away nothing that is stored.
  void notify_all() noexcept { signal_.wake_all(false); }

 private:
  detail::Signal signal_{"a Notify", detail::Signal::Flag::kTaken};
};

EKIDEN_SDK_END
