// Writing to a descriptor whose reader may have stopped reading, without ever being stuck in the
// system call for its sake.
//
// stderr is shared with whoever started the daemon: making it non-blocking would change the open
// file of the shell as well. So each write waits for POLLOUT first and then hands over at most
// PIPE_BUF bytes, which Linux takes from a pipe that polls writable without blocking; sockets are
// written with MSG_DONTWAIT. What remains is another process that fills the same pipe between the
// two calls: then the calling thread waits for that reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ekiden::daemon::log {

enum class WriteEnd : std::uint8_t {
  kWritten,
  kTimedOut,  // a part may have been written
  kStopped,   // likewise
  kFailed,    // the other side is gone, the disk is full, not a descriptor
};

struct WriteBound {
  std::optional<std::uint32_t> timeout_ms;  // none: wait for as long as it takes
  int stop_descriptor = -1;                 // readable: give up; -1: there is none
};

// Any thread. Raises no SIGPIPE.
WriteEnd write_bounded(int descriptor, std::string_view text, const WriteBound& bound) noexcept;

}  // namespace ekiden::daemon::log
