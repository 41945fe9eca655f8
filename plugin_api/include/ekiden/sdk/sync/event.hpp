// Event: something that has happened, until it is reset.
#pragma once

#include <ekiden/sdk/detail/signal.hpp>

EKIDEN_SDK_BEGIN

// Neither moved nor copied. Destroying it while a task waits for it ends the process; a task that
// has gone on may destroy it at once.
class Event {
 public:
  explicit Event(bool set = false) : signal_("an Event", detail::Signal::Flag::kStays, set) {}

  // co_await: goes on once it is set, or has been since the call of wait(), even where it was reset
  // in between. Cancellation-safe: there is nothing to lose.
  detail::SignalWait wait() { return detail::SignalWait(signal_); }

  // [any] All that wait go on, and so does everybody who comes before a reset().
  void set() noexcept { signal_.wake_all(true); }
  // [any] Who comes from here on waits. False: it was not set.
  bool reset() noexcept { return signal_.lower(); }
  // [any] As of now.
  bool is_set() const noexcept { return signal_.up(); }

 private:
  detail::Signal signal_;
};

EKIDEN_SDK_END
