// Answers on their way to a client, written as the client takes them. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace ekiden::daemon::control {

class OutputQueue {
 public:
  enum class Flush : std::uint8_t {
    kDone,     // nothing is left
    kBlocked,  // the client takes no more for now
    kMore,     // it would take more, and has had its share
    kBroken,   // there is nobody to write to
  };

  // What lines are, for take_written_progress().
  enum class Kind : std::uint8_t { kAnswer, kProgress };

  void push(std::string line, Kind kind = Kind::kAnswer);

  // Writes at most about `bytes_max` bytes to a socket. Never blocks, never raises SIGPIPE.
  [[nodiscard]] Flush flush(int socket, std::size_t bytes_max);

  // Bytes of progress lines that have been written whole since the last call.
  std::size_t take_written_progress() { return std::exchange(written_progress_, 0); }

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  void drop_written(std::size_t count);

  struct Line {
    std::string text;
    Kind kind;
  };

  std::deque<Line> lines_;
  std::size_t written_ = 0;  // of the first line
  std::size_t bytes_ = 0;    // not yet written
  std::size_t written_progress_ = 0;
};

}  // namespace ekiden::daemon::control
