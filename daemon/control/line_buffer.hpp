// Bytes of a stream in, lines out. Holds at most one line of kLineMaxBytes and what one read
// brings. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ekiden::daemon::control {

class LineBuffer {
 public:
  enum class Next : std::uint8_t {
    kNone,     // no whole line yet
    kLine,     // `line` is one, without its line feed; good until the next call
    kTooLong,  // one is over kLineMaxBytes: it is left out, up to its line feed; told once
  };

  void append(std::string_view bytes);

  [[nodiscard]] Next next(std::string_view& line);

  // Whether next() has something to say without more bytes.
  bool has_next() const;

  // At the end of the stream, when has_next() says no: whether bytes are left that no line feed
  // ended. Forgets them.
  [[nodiscard]] bool take_unfinished();

 private:
  void drop_taken();

  std::string bytes_;
  std::size_t taken_ = 0;    // bytes in front that next() has given out
  std::size_t scanned_ = 0;  // from taken_ up to here there is no line feed
  bool skipping_ = false;    // inside a line that was too long
};

}  // namespace ekiden::daemon::control
