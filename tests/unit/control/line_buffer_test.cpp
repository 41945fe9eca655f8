#include "daemon/control/line_buffer.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/control/limits.hpp"

using ekiden::daemon::control::kLineMaxBytes;
using ekiden::daemon::control::LineBuffer;

namespace {

// What next() has to say, lines as they are and "(too long)".
std::vector<std::string> drain(LineBuffer& buffer) {
  std::vector<std::string> found;
  for (std::string_view line;;) {
    CHECK(buffer.has_next() == true);
    switch (buffer.next(line)) {
      case LineBuffer::Next::kLine:
        found.emplace_back(line);
        break;
      case LineBuffer::Next::kTooLong:
        found.emplace_back("(too long)");
        break;
      case LineBuffer::Next::kNone:
        return found;
    }
    if (!buffer.has_next()) return found;
  }
}

}  // namespace

TEST_CASE("lines come out whole, however the bytes came in") {
  const std::string text = "one\n\ntwo words\nthree\r\n";
  for (std::size_t piece = 1; piece <= text.size(); piece++) {
    LineBuffer buffer;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      buffer.append(std::string_view(text).substr(at, piece));
      if (!buffer.has_next()) continue;
      for (std::string& line : drain(buffer))
        found.push_back(std::move(line));
    }
    INFO("pieces of " << piece);
    CHECK(found == std::vector<std::string>{"one", "", "two words", "three\r"});
    CHECK_FALSE(buffer.take_unfinished());
  }
}

TEST_CASE("a line of the largest size is a line, one byte more is not") {
  LineBuffer buffer;
  buffer.append(std::string(kLineMaxBytes, 'x') + "\n");
  CHECK(drain(buffer) == std::vector<std::string>{std::string(kLineMaxBytes, 'x')});
  buffer.append(std::string(kLineMaxBytes + 1, 'x') + "\nnext\n");
  CHECK(drain(buffer) == std::vector<std::string>{"(too long)", "next"});
}

TEST_CASE("a line without an end is told once and skipped up to its end") {
  LineBuffer buffer;
  buffer.append(std::string(kLineMaxBytes + 1, 'x'));
  CHECK(drain(buffer) == std::vector<std::string>{"(too long)"});
  for (int i = 0; i < 100; i++)
    buffer.append(std::string(64 * 1024, 'x'));
  CHECK_FALSE(buffer.has_next());
  buffer.append("the rest\nok\n");
  CHECK(drain(buffer) == std::vector<std::string>{"ok"});
}

TEST_CASE("bytes behind the last line feed are unfinished") {
  LineBuffer buffer;
  CHECK_FALSE(buffer.take_unfinished());
  buffer.append("whole\npart");
  CHECK(drain(buffer) == std::vector<std::string>{"whole"});
  CHECK(buffer.take_unfinished());
  CHECK_FALSE(buffer.take_unfinished());
}
