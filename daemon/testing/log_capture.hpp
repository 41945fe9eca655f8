// Takes the records of the daemon's log for as long as it lives, of every level.
#pragma once

#include <cstddef>
#include <deque>
#include <ekiden/testing.hpp>
#include <string_view>
#include <vector>

#include "daemon/logging/log.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::testing {

class LogCapture {
 public:
  static constexpr std::size_t kLinesMax = 100'000;

  explicit LogCapture(bool to_stderr);
  // No other thread logs any more.
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // Of one component, or all where it is empty. Any thread.
  std::vector<LogLine> lines(std::string_view component = {}) const;

 private:
  void take(daemon::log::Level level, std::string_view component, std::string_view text);

  const bool to_stderr_;
  const daemon::log::Level level_before_;

  mutable runtime::Mutex mutex_;
  std::deque<LogLine> lines_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::testing
