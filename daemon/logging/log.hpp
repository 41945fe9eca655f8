// The daemon's log: one line a record, on stderr.
//
// A caller formats its line and puts it into a bounded queue; one thread writes the queue out. So a
// worker that logs never waits for whoever reads stderr: where nobody does, the oldest lines are
// dropped and counted, and the log says how many once it can. Before setup() and after shutdown()
// the caller writes the line itself, waiting at most kDirectWriteMs.
//
// Every function may be called from any thread, and none throws; not from a signal handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/logging/level.hpp"

namespace ekiden::daemon::log {

// Starts the writing thread on a duplicate of the standard error descriptor; an earlier one is shut
// down first. Where the system has no thread left, callers go on writing for themselves and a
// record says so.
void setup(Format format, Level level) noexcept;

// For a program that has a use of its own for the records: from now on each that is wanted is given
// to `sink`, unescaped and uncut, and not written. On the thread that logs, several at a time; it
// must not log. Null: they are written again; a sink may still be running on another thread then.
using Sink = std::function<void(Level level, std::string_view component, std::string_view message)>;
void set_sink(std::shared_ptr<const Sink> sink) noexcept;

// Writes out what is queued (at most kFlushMs), gives up the rest and ends the thread. Returns in
// bounded time even where stderr is a pipe that nobody reads.
void shutdown() noexcept;

// Waits until every record written before is out. False at the deadline.
bool flush(std::chrono::milliseconds timeout) noexcept;

// `component` says where it comes from: "daemon", "control", "plugin.echo". Both texts may hold
// anything: they are escaped, and cut at kComponentMaxBytes and kMessageMaxBytes.
void write(Level level, std::string_view component, std::string_view message) noexcept;

inline void debug(std::string_view component, std::string_view message) noexcept {
  write(Level::kDebug, component, message);
}
inline void info(std::string_view component, std::string_view message) noexcept {
  write(Level::kInfo, component, message);
}
inline void warn(std::string_view component, std::string_view message) noexcept {
  write(Level::kWarn, component, message);
}
inline void error(std::string_view component, std::string_view message) noexcept {
  write(Level::kError, component, message);
}
inline void critical(std::string_view component, std::string_view message) noexcept {
  write(Level::kCritical, component, message);
}

// Whether a record would be written: ask before building a costly message. The first form is one
// load and answers for the most talkative component.
bool enabled(Level level) noexcept;
bool enabled(Level level, std::string_view component) noexcept;

// The level for every component without its own; kInfo before setup().
Level level() noexcept;
void set_level(Level level) noexcept;

// A component's own level. It also holds for what is below it: "plugin" covers "plugin.echo".
// level(component) answers with what holds, its own or not. set_level is false, and changes
// nothing, where the name is empty or longer than kComponentMaxBytes, or kOverridesMax names are
// set.
Level level(std::string_view component) noexcept;
bool set_level(std::string_view component, Level level) noexcept;
// False where it had none.
bool clear_level(std::string_view component) noexcept;
// Only components with a level of their own.
std::map<std::string, Level, std::less<>> component_levels();

// Records lost since the process started: overrun, or refused by the descriptor.
std::uint64_t dropped() noexcept;

}  // namespace ekiden::daemon::log
