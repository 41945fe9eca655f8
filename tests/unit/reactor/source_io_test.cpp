#include <signal.h>
#include <sys/eventfd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

TEST_CASE("a read gets what is there, then waits, then gets the rest") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  send_text(pair.far, "abcdef");
  CHECK(bench.read(handle, 4).data == "abcd");
  // Fewer than asked for: the reactor knows that nothing is left.
  CHECK(bench.read(handle, 4).data == "ef");
  SourceInfo info;
  REQUIRE(bench.reactor.describe(handle, info));
  CHECK_FALSE(info.facts.has_any(kReadable));

  CHECK(bench.read(handle, 4).status == Status::kPending);
  CHECK(bench.drain() == 0);
  send_text(pair.far, "gh");
  CHECK(bench.drain() == 1);
  CHECK(bench.read(handle, 4).data == "gh");
}

TEST_CASE("data that comes between the short read and the wait wakes the reader") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  send_text(pair.far, "ab");
  CHECK(bench.read(handle, 4).data == "ab");
  send_text(pair.far, "cd");
  bench.drain();  // its edge passes while nobody waits
  CHECK(bench.read(handle, 4).status == Status::kPending);
  CHECK(bench.drain() == 1);
  CHECK(bench.read(handle, 4).data == "cd");
}

TEST_CASE("who asks without waiting hears what the kernel knows, whatever event is on its way") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  CHECK(bench.read(handle, 4).status == Status::kPending);
  send_text(pair.far, "ab");
  char data[4];
  std::size_t count = 0;
  int os_error = 0;
  CHECK(bench.reactor.read(kOwner, handle, Waker(), data, sizeof data, count, os_error) ==
        Status::kOk);
  CHECK(std::string(data, count) == "ab");
  CHECK(bench.reactor.read(kOwner, handle, Waker(), data, sizeof data, count, os_error) ==
        Status::kPending);
  // The waiter of before still waits, for what comes next.
  bench.drain();
  send_text(pair.far, "cd");
  CHECK(bench.drain() == 1);
  CHECK(bench.read(handle, 4).data == "cd");
}

TEST_CASE("the end of the stream is kOk with nothing, after all data, again and again") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  send_text(pair.far, "last");
  pair.far.close();
  CHECK(bench.read(handle, 64).data == "last");
  Bench::Io end = bench.read(handle, 64);
  if (end.status == Status::kPending) {
    CHECK(bench.drain() == 1);
    end = bench.read(handle, 64);
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(end.status == Status::kOk);
    CHECK(end.count == 0);
    end = bench.read(handle, 64);
  }
  Readiness seen;
  CHECK(bench.reactor.poll_ready(kOwner, handle, Interest::kRead, task(1), seen) == Status::kOk);
  CHECK(seen.facts().has_any(kReadClosed));
}

TEST_CASE("a half-closed peer can still be written to") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  shutdown(pair.far.get(), SHUT_WR);
  CHECK(bench.read(handle, 8).count == 0);
  CHECK(bench.write(handle, "answer").count == 6);
  char buffer[16];
  CHECK(::read(pair.far.get(), buffer, sizeof buffer) == 6);
}

TEST_CASE("a full peer makes writes short and then wait, until it reads") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  const std::string big(1 << 20, 'x');
  std::size_t written = 0;
  Bench::Io io;
  while ((io = bench.write(handle, big, task(2))).status == Status::kOk)
    written += io.count;
  REQUIRE(io.status == Status::kPending);
  CHECK(bench.drain() == 0);
  std::string sink(written, '\0');
  std::size_t got = 0;
  while (got < written) {
    const ssize_t n = ::read(pair.far.get(), sink.data() + got, written - got);
    REQUIRE(n > 0);
    got += static_cast<std::size_t>(n);
  }
  CHECK(bench.drain() == 1);
  CHECK(bench.target.take() == std::vector<Waker>{task(2)});
  CHECK(bench.write(handle, "more").status == Status::kOk);
}

TEST_CASE("reader and writer of one source wait apart") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  const std::string big(1 << 20, 'x');
  while (bench.write(handle, big, task(2)).status == Status::kOk) {
  }
  CHECK(bench.read(handle, 8, task(1)).status == Status::kPending);
  send_text(pair.far, "in");
  bench.drain();
  CHECK(bench.target.take() == std::vector<Waker>{task(1)});
  CHECK(bench.read(handle, 8, task(1)).data == "in");
}

TEST_CASE("writing to what nobody reads is EPIPE and raises no signal") {
  // The default action would end this process.
  signal(SIGPIPE, SIG_DFL);
  Bench bench;
  SECTION("socket") {
    Pair pair = make_socket_pair();
    const Handle handle = bench.adopt(std::move(pair.near));
    pair.far.close();
    const Bench::Io io = bench.write(handle, "x");
    CHECK(io.status == Status::kOsError);
    CHECK(io.os_error == EPIPE);
    SourceInfo info;
    REQUIRE(bench.reactor.describe(handle, info));
    CHECK(info.facts.has_any(kWriteClosed));
  }
  SECTION("pipe") {
    Pair pipe = make_pipe();
    const Handle handle = bench.adopt(std::move(pipe.far));
    pipe.near.close();
    for (int i = 0; i < 2; ++i) {
      const Bench::Io io = bench.write(handle, "x");
      CHECK(io.status == Status::kOsError);
      CHECK(io.os_error == EPIPE);
    }
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE) == 0);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    CHECK(sigismember(&mask, SIGPIPE) == 0);
  }
  SECTION("pipe, while a signal of somebody else's is pending") {
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    raise(SIGPIPE);
    Pair pipe = make_pipe();
    const Handle handle = bench.adopt(std::move(pipe.far));
    pipe.near.close();
    CHECK(bench.write(handle, "x").os_error == EPIPE);
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE) == 1);
    int taken = 0;
    sigwait(&pipe_signal, &taken);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
}

TEST_CASE("datagrams: a short one does not mean that no more is there, an empty one is no end") {
  Bench bench;
  Pair pair = make_socket_pair(SOCK_DGRAM);
  const Handle handle = bench.adopt(std::move(pair.near));
  send_text(pair.far, "one");
  REQUIRE(send(pair.far.get(), "", 0, 0) == 0);
  send_text(pair.far, "two");
  CHECK(bench.read(handle, 64).data == "one");
  const Bench::Io empty = bench.read(handle, 64);
  CHECK(empty.status == Status::kOk);
  CHECK(empty.count == 0);
  CHECK(bench.read(handle, 64).data == "two");
  CHECK(bench.read(handle, 64).status == Status::kPending);
}

TEST_CASE("an eventfd works as any other source") {
  Bench bench;
  Fd event(eventfd(0, EFD_CLOEXEC));
  const int number = event.get();
  const Handle handle = bench.adopt(std::move(event));
  CHECK(bench.read(handle, 8).status == Status::kPending);
  const std::uint64_t three = 3;
  REQUIRE(::write(number, &three, sizeof three) == 8);
  CHECK(bench.drain() == 1);
  CHECK(bench.read(handle, 8).count == 8);
  CHECK(bench.read(handle, 8).status == Status::kPending);
  CHECK(bench.read(handle, 4).status == Status::kPending);
  const Bench::Io asked_at_once = bench.read(handle, 4, Waker{});
  CHECK(asked_at_once.status == Status::kOsError);
  CHECK(asked_at_once.os_error == EINVAL);
}

TEST_CASE("a pipe whose writers come back is read on after its end") {
  Bench bench;
  Pair pipe = make_pipe();
  const std::string path = "/proc/self/fd/" + std::to_string(pipe.near.get());
  const Handle handle = bench.adopt(std::move(pipe.near));
  pipe.far.close();
  CHECK(bench.read(handle, 8).count == 0);
  Fd writer(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  REQUIRE(writer.get() >= 0);
  CHECK(bench.read(handle, 8).status == Status::kPending);
  send_text(writer, "back");
  CHECK(eventually([&] { return bench.drain() > 0; }));
  CHECK(bench.read(handle, 8).data == "back");
}

TEST_CASE("a read of nothing is refused, a write of nothing is not") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  CHECK(bench.read(handle, 0).status == Status::kInvalid);
  CHECK(bench.write(handle, "").status == Status::kOk);
}

TEST_CASE("an error that is no end is the caller's to see") {
  Bench bench;
  Pair pipe = make_pipe();
  const Handle read_end = bench.adopt(std::move(pipe.near));
  const Bench::Io io = bench.write(read_end, "x");
  CHECK(io.status == Status::kOsError);
  CHECK(io.os_error == EBADF);
}

}  // namespace ekiden::runtime::test
