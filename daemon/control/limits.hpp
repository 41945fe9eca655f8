// Every bound of the control plane in one place. They are part of the protocol (CONTROL.md), not
// settings: they are what makes a slow or hostile client cost only itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ekiden::daemon::control {

// --- A message --------------------------------------------------------------------------------
// Without its line feed.
inline constexpr std::size_t kLineMaxBytes = 1024 * 1024;
// Open objects and arrays, the message's own object included.
inline constexpr std::size_t kNestingMax = 32;
// A result is one level inside its answer, and the answer must not be deeper than a request may be.
inline constexpr std::size_t kResultNestingMax = kNestingMax - 1;
// An id is echoed, so its size is the client's way to make answers large.
inline constexpr std::size_t kIdMaxBytes = 256;
// One answer. A larger one is an error that says to ask for less.
inline constexpr std::size_t kAnswerMaxBytes = 4 * 1024 * 1024;

// --- A connection -----------------------------------------------------------------------------
// Requests without an answer yet; then no more of the connection's input is looked at.
inline constexpr std::size_t kInFlightMax = 32;
// Answers that wait for a client who does not read. From here on nothing more is read from it.
inline constexpr std::size_t kOutputPauseBytes = 1024 * 1024;
// Beyond this, the answer to a request that was in flight already is replaced by the error `busy`.
inline constexpr std::size_t kOutputMaxBytes = 8 * 1024 * 1024;

// Progress events that a client has not read yet. Beyond it they are dropped; the answer is not.
inline constexpr std::size_t kProgressUnreadBytes = 256 * 1024;

// What one connection may take of a turn of the control thread before the others have theirs.
inline constexpr std::size_t kReadChunkBytes = 64 * 1024;
inline constexpr std::size_t kLinesPerTurn = 32;
inline constexpr std::size_t kLineBytesPerTurn = 64 * 1024;
inline constexpr std::size_t kWriteBytesPerTurn = 256 * 1024;

// --- The server -------------------------------------------------------------------------------
inline constexpr std::size_t kConnectionsMax = 64;
inline constexpr int kBacklog = 128;
// Pause in accepting after the process or the system ran out of descriptors.
inline constexpr std::uint32_t kAcceptPauseMs = 100;
// stop(): how long answers that are ready may take to reach their clients.
inline constexpr std::uint32_t kFlushMs = 200;
// start(): how long another daemon may hold the folder's lock while it starts or stops.
inline constexpr std::uint32_t kFolderLockMs = 2000;

// --- Parameters -------------------------------------------------------------------------------
inline constexpr std::int64_t kTaskListDefault = 100;
// Also a page of a dump. A row has some 500 bytes, and below 4 KiB whatever its names are.
inline constexpr std::int64_t kTaskListMax = 1000;
// Of a filter's least age in milliseconds and least number of polls.
inline constexpr std::int64_t kTaskFilterMax = 1'000'000'000'000;
inline constexpr std::int64_t kCallDefaultMs = 30'000;
inline constexpr std::int64_t kCallMaxMs = 3'600'000;  // an hour

// --- Looking at tasks -------------------------------------------------------------------------
// What a request does before others have their turn: about a millisecond, at 20 to 100 ns a slot
// and 5 to 10 us a row.
inline constexpr std::size_t kTaskSlotsPerStep = 8192;
inline constexpr std::size_t kTaskRowsPerStep = 128;
// After that the answer is what has been found, and says that it is not complete.
inline constexpr std::uint32_t kTaskScanMaxMs = 2000;

// --- Relations --------------------------------------------------------------------------------
static_assert(kOutputPauseBytes + kAnswerMaxBytes <= kOutputMaxBytes,
              "a request that was read while there was room must get its answer");
static_assert(kAnswerMaxBytes > 2 * kLineMaxBytes,
              "what a client sends must be able to come back, escaped");
static_assert(kTaskListMax * 4096 <= kAnswerMaxBytes);
static_assert(kLineBytesPerTurn <= kLineMaxBytes);
static_assert(kProgressUnreadBytes < kOutputPauseBytes,
              "progress alone never keeps a client's requests from being read");

}  // namespace ekiden::daemon::control
