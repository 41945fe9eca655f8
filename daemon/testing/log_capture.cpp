#include "daemon/testing/log_capture.hpp"

#include <cstdio>
#include <memory>
#include <string>

namespace ekiden::testing {

namespace log = daemon::log;

LogCapture::LogCapture(bool to_stderr) : to_stderr_(to_stderr), level_before_(log::level()) {
  log::set_level(log::Level::kTrace);
  log::set_sink(std::make_shared<const log::Sink>(
      [this](log::Level level, std::string_view component, std::string_view text) {
        take(level, component, text);
      }));
}

LogCapture::~LogCapture() {
  log::set_sink(nullptr);
  log::set_level(level_before_);
}

void LogCapture::take(log::Level level, std::string_view component, std::string_view text) {
  LogLine line{static_cast<std::uint32_t>(level), std::string(component), std::string(text)};
  if (to_stderr_) {
    std::fprintf(stderr, "ekiden: %s: %s\n", line.component.c_str(), line.text.c_str());
  }
  const runtime::MutexLock lock(mutex_);
  if (lines_.size() == kLinesMax) lines_.pop_front();
  lines_.push_back(std::move(line));
}

std::vector<LogLine> LogCapture::lines(std::string_view component) const {
  std::vector<LogLine> found;
  const runtime::MutexLock lock(mutex_);
  for (const LogLine& line : lines_) {
    if (component.empty() || line.component == component) found.push_back(line);
  }
  return found;
}

}  // namespace ekiden::testing
