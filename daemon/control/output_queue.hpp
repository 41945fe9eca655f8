// Answers on their way to a client, written as the client takes them. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace ekiden::daemon::control {

class OutputQueue {
 public:
  enum class Flush : std::uint8_t {
    kDone,     // nothing is left
    kBlocked,  // the client takes no more for now
    kMore,     // it would take more, and has had its share
    kBroken,   // there is nobody to write to
  };

  void push(std::string line);

  // Writes at most about `bytes_max` bytes to a socket. Never blocks, never raises SIGPIPE.
  [[nodiscard]] Flush flush(int socket, std::size_t bytes_max);

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  void drop_written(std::size_t count);

  std::deque<std::string> lines_;
  std::size_t written_ = 0;  // of the first line
  std::size_t bytes_ = 0;    // not yet written
};

}  // namespace ekiden::daemon::control
