#include "daemon/logging/bounded_write.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "tests/unit/logging/pipe.hpp"

using namespace ekiden::daemon::log;
using test::Pipe;

namespace {

constexpr std::uint32_t kShortMs = 20;
const WriteBound kShort{kShortMs, -1};
const WriteBound kPatient{60'000, -1};

}  // namespace

TEST_CASE("a text longer than the pipe arrives whole") {
  Pipe pipe;
  std::string text;
  while (text.size() < 300'000)
    text += std::to_string(text.size()) + " ";
  std::string received;
  std::thread reader([&] { received = pipe.read_to_end(); });
  const WriteEnd end = write_bounded(pipe.writer(), text, kPatient);
  pipe.close_writer();
  reader.join();
  CHECK(end == WriteEnd::kWritten);
  CHECK(received == text);
}

TEST_CASE("a pipe that nobody reads costs the timeout") {
  Pipe pipe;
  pipe.fill();
  CHECK(write_bounded(pipe.writer(), "late\n", kShort) == WriteEnd::kTimedOut);
}

TEST_CASE("a stop request ends the wait for a full pipe") {
  Pipe pipe;
  pipe.fill();
  const int stop = eventfd(0, EFD_CLOEXEC);
  WriteEnd end = WriteEnd::kWritten;
  std::thread writer([&] { end = write_bounded(pipe.writer(), "x", {std::nullopt, stop}); });
  eventfd_write(stop, 1);
  writer.join();
  close(stop);
  CHECK(end == WriteEnd::kStopped);
}

TEST_CASE("a stop request does not keep back what can be written at once") {
  Pipe pipe;
  const int stop = eventfd(1, EFD_CLOEXEC);
  CHECK(write_bounded(pipe.writer(), "last words", {std::nullopt, stop}) == WriteEnd::kWritten);
  close(stop);
  CHECK(pipe.read_available() == "last words");
}

TEST_CASE("a pipe without a reader fails and raises no signal") {
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  struct sigaction before {};
  sigaction(SIGPIPE, &default_action, &before);
  Pipe pipe;
  pipe.close_reader();
  const WriteEnd end = write_bounded(pipe.writer(), "x", kPatient);
  sigset_t pending;
  sigpending(&pending);
  sigaction(SIGPIPE, &before, nullptr);
  CHECK(end == WriteEnd::kFailed);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("a socket whose peer does not read costs the timeout and not more") {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const std::string text(8 * 1024 * 1024, 'x');
  const WriteEnd end = write_bounded(ends[0], text, kShort);
  close(ends[0]);
  close(ends[1]);
  CHECK(end == WriteEnd::kTimedOut);
}

TEST_CASE("what is no open descriptor fails") {
  CHECK(write_bounded(1'000'000, "x", kPatient) == WriteEnd::kFailed);
}

TEST_CASE("a full disk fails") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  CHECK(write_bounded(full, "x", kPatient) == WriteEnd::kFailed);
  close(full);
}
