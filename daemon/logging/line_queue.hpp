// Lines on their way to the writing thread. Bounded in bytes: where a new line does not fit, the
// oldest ones go, because the latest say why somebody is looking.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::log {

class LineQueue {
 public:
  struct Taken {
    std::string line;
    std::uint64_t dropped_before;  // lines lost since the last one that was taken
  };

  explicit LineQueue(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  // False where the queue is closed: the line is left as it was. A line that is longer than the
  // whole queue counts as dropped. Any thread; throws only std::bad_alloc.
  [[nodiscard]] bool push(std::string&& line);

  // Waits, without a timer, for a line. Nothing once the queue is closed and empty. What was taken
  // before counts as written from here on. The one writing thread.
  std::optional<Taken> take();

  // Waits until everything pushed so far was taken and dealt with. False at the deadline. Any
  // thread.
  bool wait_idle(std::chrono::milliseconds timeout);

  // No more pushes; take() gives what is left. Any thread.
  void close();

  // Lines that never reached the writing thread. Any thread.
  std::uint64_t dropped() const;

 private:
  void drop_oldest() EKIDEN_REQUIRES(mutex_);

  const std::size_t bytes_max_;

  mutable runtime::Mutex mutex_;
  runtime::ConditionVariable filled_;
  runtime::ConditionVariable idle_;
  std::deque<std::string> lines_ EKIDEN_GUARDED_BY(mutex_);
  std::size_t bytes_ EKIDEN_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ EKIDEN_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_reported_ EKIDEN_GUARDED_BY(mutex_) = 0;
  bool closed_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool in_hand_ EKIDEN_GUARDED_BY(mutex_) = false;
};

}  // namespace ekiden::daemon::log
