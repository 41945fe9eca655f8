// Every bound of the log in one place. They are not settings: they keep a flood of records, or a
// reader of stderr that has stopped, from costing the daemon memory or time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ekiden::daemon::log {

// A longer message is cut and says by how much. A plugin may hand in text of any size.
inline constexpr std::size_t kMessageMaxBytes = std::size_t{16} * 1024;

// Room for "plugin." and the longest name of a plugin, with some to spare.
inline constexpr std::size_t kComponentMaxBytes = 96;

// Formatted lines that wait for a slow reader of stderr; beyond it the oldest are dropped.
inline constexpr std::size_t kQueueMaxBytes = std::size_t{2} * 1024 * 1024;

// How long flush() and shutdown() wait for a reader that does not read.
inline constexpr std::uint32_t kFlushMs = 1000;

// How long a record may take that its caller writes himself: before setup() and after shutdown().
inline constexpr std::uint32_t kDirectWriteMs = 100;

// How long shutdown() waits for the writing thread after it was told to stop.
inline constexpr std::uint32_t kWriterStopMs = 200;

// Components with a level of their own. Operators set a handful; a script that invents names must
// not grow the daemon.
inline constexpr std::size_t kOverridesMax = 1024;

// Escaping makes a byte of a message at most this much longer: \u2028 for three bytes, \x80 or
// \u0000 for one, and in JSON one more for the backslash of \x80.
inline constexpr std::size_t kEscapeGrowthMax = 6;

static_assert(kEscapeGrowthMax * (kMessageMaxBytes + kComponentMaxBytes) < kQueueMaxBytes / 4,
              "the longest line must fit the queue many times over");

}  // namespace ekiden::daemon::log
