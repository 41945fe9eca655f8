// The daemon's signals, taken by a thread of their own, which otherwise sleeps:
//
//   SIGTERM, SIGINT   the first asks for an orderly stop; the second ends the process at once
//   SIGHUP            said in the log, and otherwise ignored
//   SIGPIPE           ignored: a peer that is gone is an error code where it was written to
#pragma once

#include <functional>
#include <thread>

#include "runtime/base/atomic.hpp"

namespace ekiden::daemon {

class Signals {
 public:
  // Made before any other thread, so that all of them leave these signals to this one. `stop` runs
  // on the first SIGTERM or SIGINT; it must not wait. Throws std::system_error where there is no
  // thread.
  explicit Signals(std::function<void()> stop);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void run();

  const std::function<void()> stop_;
  runtime::Atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace ekiden::daemon
