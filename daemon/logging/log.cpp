#include "daemon/logging/log.hpp"

#include <spdlog/formatter.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <utility>

#include "daemon/logging/bounded_write.hpp"
#include "daemon/logging/level_table.hpp"
#include "daemon/logging/limits.hpp"
#include "daemon/logging/line_writer.hpp"
#include "daemon/logging/record_format.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::log {
namespace {

constexpr const char* kOwnComponent = "log";

// Where formatted lines go: to the writing thread while there is one, else straight to stderr.
class Output {
 public:
  // Throws std::system_error or std::bad_alloc; nothing is changed but the format then.
  void start(Format format);
  void stop();
  bool flush(std::chrono::milliseconds timeout);
  void set_sink(std::shared_ptr<const Sink> sink) noexcept;
  // Throws std::bad_alloc, and what a sink throws.
  void write(Level level, std::string_view component, std::string_view message);
  void count_lost() noexcept { lost_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t dropped() noexcept;

 private:
  std::shared_ptr<LineWriter> writer() noexcept;
  void write_direct(const std::string& line) noexcept;

  runtime::Mutex mutex_;
  std::unique_ptr<spdlog::formatter> formatter_ EKIDEN_GUARDED_BY(mutex_) =
      make_formatter(Format::kText);
  std::shared_ptr<LineWriter> writer_ EKIDEN_GUARDED_BY(mutex_);
  std::shared_ptr<const Sink> sink_ EKIDEN_GUARDED_BY(mutex_);

  runtime::Mutex direct_mutex_;  // keeps lines whole that several threads write themselves

  // relaxed: a counter publishes nothing but itself.
  runtime::Atomic<std::uint64_t> lost_{0};  // direct writes, and writers that are gone
};

// Formatted and queued under one lock, so that lines stand in the order of their times.
void Output::write(Level level, std::string_view component, std::string_view message) {
  std::string line;
  std::shared_ptr<const Sink> sink;
  {
    const runtime::MutexLock lock(mutex_);
    sink = sink_;
    if (sink == nullptr) line = format_line(*formatter_, level, component, message);
    if (sink == nullptr && writer_ != nullptr && writer_->push(std::move(line))) return;
  }
  if (sink != nullptr) return (*sink)(level, component, message);
  // push() leaves the line as it was where it refuses it.
  write_direct(line);  // NOLINT(bugprone-use-after-move)
}

void Output::set_sink(std::shared_ptr<const Sink> sink) noexcept {
  const runtime::MutexLock lock(mutex_);
  sink_.swap(sink);
}

void Output::write_direct(const std::string& line) noexcept {
  const runtime::MutexLock lock(direct_mutex_);
  const WriteBound bound{kDirectWriteMs, -1};
  if (write_bounded(STDERR_FILENO, line, bound) != WriteEnd::kWritten) count_lost();
}

// Makes the report of lost lines, with a formatter of its own: it runs on the writing thread.
LineWriter::LossReport loss_report(Format format) {
  return [formatter = std::shared_ptr(make_formatter(format))](std::uint64_t count) {
    const std::string message =
        std::to_string(count) + " records are lost: stderr was not read fast enough";
    return format_line(*formatter, Level::kWarn, kOwnComponent, message);
  };
}

void Output::start(Format format) {
  stop();
  {
    const runtime::MutexLock lock(mutex_);
    formatter_ = make_formatter(format);
  }
  auto started = std::make_shared<LineWriter>(STDERR_FILENO, loss_report(format));
  const runtime::MutexLock lock(mutex_);
  writer_ = std::move(started);
}

void Output::stop() {
  std::shared_ptr<LineWriter> stopping;
  {
    const runtime::MutexLock lock(mutex_);
    stopping = std::exchange(writer_, nullptr);
  }
  if (stopping == nullptr) return;
  stopping->stop(std::chrono::milliseconds(kFlushMs));
  lost_.fetch_add(stopping->dropped(), std::memory_order_relaxed);
}

bool Output::flush(std::chrono::milliseconds timeout) {
  const std::shared_ptr<LineWriter> current = writer();
  return current == nullptr || current->flush(timeout);
}

std::uint64_t Output::dropped() noexcept {
  const std::shared_ptr<LineWriter> current = writer();
  const std::uint64_t lost = lost_.load(std::memory_order_relaxed);
  return current == nullptr ? lost : lost + current->dropped();
}

std::shared_ptr<LineWriter> Output::writer() noexcept {
  const runtime::MutexLock lock(mutex_);
  return writer_;
}

// Never destroyed: threads that outlive main() may still log.
struct State {
  LevelTable levels{Level::kInfo};
  Output output;
};

State& state() {
  static State* const instance = new State;
  return *instance;
}

}  // namespace

void setup(Format format, Level level) noexcept {
  try {
    state().levels.set_level(level);
    state().output.start(format);
  } catch (const std::exception& failure) {
    write(Level::kWarn, kOwnComponent,
          std::string("callers write their own records: ") + failure.what());
  }
}

void set_sink(std::shared_ptr<const Sink> sink) noexcept {
  state().output.set_sink(std::move(sink));
}

void shutdown() noexcept {
  try {
    state().output.stop();
  } catch (...) {
    state().output.count_lost();
  }
}

bool flush(std::chrono::milliseconds timeout) noexcept { return state().output.flush(timeout); }

void write(Level level, std::string_view component, std::string_view message) noexcept {
  if (!enabled(level, component)) return;
  try {
    state().output.write(level, component, message);
  } catch (...) {
    state().output.count_lost();
  }
}

bool enabled(Level level) noexcept { return state().levels.enabled(level); }

bool enabled(Level level, std::string_view component) noexcept {
  return state().levels.enabled(level, component);
}

Level level() noexcept { return state().levels.level(); }

void set_level(Level level) noexcept { state().levels.set_level(level); }

Level level(std::string_view component) noexcept { return state().levels.level_of(component); }

bool set_level(std::string_view component, Level level) noexcept {
  try {
    return state().levels.set_override(component, level);
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool clear_level(std::string_view component) noexcept {
  return state().levels.clear_override(component);
}

std::map<std::string, Level, std::less<>> component_levels() { return state().levels.overrides(); }

std::uint64_t dropped() noexcept { return state().output.dropped(); }

}  // namespace ekiden::daemon::log
