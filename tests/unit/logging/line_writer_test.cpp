#include "daemon/logging/line_writer.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "daemon/logging/limits.hpp"
#include "tests/unit/logging/pipe.hpp"

using namespace std::chrono_literals;
using namespace ekiden::daemon::log;
using test::Pipe;
using test::split_lines;

namespace {

const std::string kReportStart = "lost ";

std::string report(std::uint64_t count) { return kReportStart + std::to_string(count) + "\n"; }

constexpr std::size_t kNumberedBytes = 1024;

std::string numbered(std::size_t number) {
  std::string line = std::to_string(number) + " ";
  line.resize(kNumberedBytes - 1, '.');
  return line + "\n";
}

// Pushes more than queue and pipe together can hold; answers with how many lines that was.
std::size_t flood(LineWriter& writer) {
  const std::size_t count = 2 * kQueueMaxBytes / kNumberedBytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (!writer.push(numbered(i))) return 0;
  }
  return count;
}

struct Tally {
  std::size_t delivered = 0;
  std::uint64_t reported = 0;  // as lost, in all reports together
};

Tally count(const std::vector<std::string>& lines) {
  Tally tally;
  for (const std::string& line : lines) {
    if (line.rfind(kReportStart, 0) == 0) {
      tally.reported += std::stoull(line.substr(kReportStart.size()));
    } else {
      ++tally.delivered;
    }
  }
  return tally;
}

}  // namespace

TEST_CASE("lines arrive in order, through a descriptor of the writer's own") {
  Pipe pipe;
  {
    LineWriter writer(pipe.writer(), report);
    pipe.close_writer();
    CHECK(writer.push("one\n"));
    CHECK(writer.push("two\n"));
    CHECK(writer.flush(60s));
  }
  CHECK(pipe.read_to_end() == "one\ntwo\n");
}

TEST_CASE("a reader that stops costs the oldest lines and is told how many") {
  Pipe pipe;
  std::optional<LineWriter> writer(std::in_place, pipe.writer(), report);
  pipe.close_writer();
  const std::size_t pushed = flood(*writer);
  REQUIRE(pushed > 0);
  CHECK(writer->dropped() > 0);

  std::string received;
  std::thread reader([&] { received = pipe.read_to_end(); });
  const bool flushed = writer->flush(60s);
  const std::uint64_t dropped = writer->dropped();
  writer.reset();
  reader.join();

  CHECK(flushed);
  const std::vector<std::string> lines = split_lines(received);
  const Tally tally = count(lines);
  CHECK(tally.delivered == pushed - dropped);
  CHECK(tally.reported == dropped);
  CHECK(lines.back() + "\n" == numbered(pushed - 1));
}

TEST_CASE("stopping takes bounded time where nobody reads, and counts what is given up") {
  Pipe pipe;
  pipe.fill();
  LineWriter writer(pipe.writer(), report);
  CHECK(writer.push("never read\n"));
  const auto start = std::chrono::steady_clock::now();
  writer.stop(50ms);
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  CHECK(writer.dropped() == 1);
  CHECK_FALSE(writer.push("too late\n"));
}

TEST_CASE("flush gives up at its deadline") {
  Pipe pipe;
  pipe.fill();
  LineWriter writer(pipe.writer(), report);
  CHECK(writer.push("stuck\n"));
  CHECK_FALSE(writer.flush(20ms));
  writer.stop(0ms);
}

TEST_CASE("lines for a reader that is gone are counted") {
  Pipe pipe;
  pipe.close_reader();
  LineWriter writer(pipe.writer(), report);
  CHECK(writer.push("a\n"));
  CHECK(writer.push("b\n"));
  CHECK(writer.flush(60s));
  CHECK(writer.dropped() == 2);
}

TEST_CASE("a descriptor that is not open is refused") {
  CHECK_THROWS_AS(LineWriter(1'000'000, report), std::system_error);
}
