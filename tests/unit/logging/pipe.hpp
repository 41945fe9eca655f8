// A pipe whose reading end the test holds.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ekiden::daemon::log::test {

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    reader_ = ends[0];
    writer_ = ends[1];
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return writer_; }
  void close_reader() { close_once(reader_); }
  void close_writer() { close_once(writer_); }

  // What is in the pipe, without waiting for more.
  std::string read_available() {
    std::string text;
    while (readable()) {
      std::array<char, 4096> block{};
      const ssize_t got = ::read(reader_, block.data(), block.size());
      if (got <= 0) break;
      text.append(block.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  // Everything until the last writer has closed.
  std::string read_to_end() {
    std::string text;
    std::array<char, 4096> block{};
    for (;;) {
      const ssize_t got = ::read(reader_, block.data(), block.size());
      if (got <= 0) return text;
      text.append(block.data(), static_cast<std::size_t>(got));
    }
  }

  // Until a write would block.
  void fill() {
    fcntl(writer_, F_SETFL, O_NONBLOCK);
    const std::string block(4096, '.');
    while (::write(writer_, block.data(), block.size()) > 0) {
    }
    fcntl(writer_, F_SETFL, 0);
  }

 private:
  bool readable() const {
    pollfd wait{reader_, POLLIN, 0};
    return poll(&wait, 1, 0) == 1;
  }

  static void close_once(int& descriptor) {
    if (descriptor >= 0) close(std::exchange(descriptor, -1));
  }

  int reader_ = -1;
  int writer_ = -1;
};

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

}  // namespace ekiden::daemon::log::test
