// ekd.io/1, over real sockets.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

// A pair of connected sockets: one end is the plugin's, the other the test's.
struct SocketPair {
  explicit SocketPair(Plugin& plugin) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return;
    ours = fds[0];
    code = plugin.api.io->adopt(plugin.ctx, fds[1], &theirs, nullptr);
  }
  ~SocketPair() { ::close(ours); }

  int ours = -1;
  ekd_io theirs = 0;
  std::int32_t code = 1;
};

// --- Whole connections -------------------------------------------------------------------------

struct EchoServer {
  Plugin& plugin;
  ekd_io listener = 0;
  ekd_io connection = 0;
  std::uint64_t echoed = 0;

  std::int32_t poll(ekd_cx* cx) {
    const ekd_io_api& io = *plugin.api.io;
    if (connection == 0) {
      const std::int32_t code = io.accept(plugin.ctx, listener, cx->waker, &connection, nullptr);
      if (code != EKD_READY) return code == EKD_PENDING ? EKD_PENDING : EKD_FAILED;
    }
    for (;;) {
      char buffer[512];
      std::uint64_t size = 0;
      const std::int32_t code =
          io.read(plugin.ctx, connection, cx->waker, buffer, sizeof(buffer), &size, nullptr);
      if (code == EKD_PENDING) return EKD_PENDING;
      if (code != EKD_READY) return EKD_FAILED;
      if (size == 0) return io.close(plugin.ctx, connection) == EKD_OK ? EKD_READY : EKD_FAILED;
      std::uint64_t written = 0;
      // Small enough for the socket's buffer.
      if (io.write(plugin.ctx, connection, cx->waker, buffer, size, &written, nullptr) < 0) {
        return EKD_FAILED;
      }
      echoed += written;
    }
  }
};

struct EchoClient {
  Plugin& plugin;
  std::string address;
  ekd_io io = 0;
  bool connected = false;
  bool sent = false;
  std::string received{};

  std::int32_t poll(ekd_cx* cx) {
    const ekd_io_api& api = *plugin.api.io;
    std::uint64_t size = 0;
    if (io == 0 && api.tcp_connect(plugin.ctx, str(address), &io, nullptr) != EKD_OK) {
      return EKD_FAILED;
    }
    if (!connected) {
      const std::int32_t code = api.connect_poll(plugin.ctx, io, cx->waker, nullptr);
      if (code != EKD_READY) return code == EKD_PENDING ? EKD_PENDING : EKD_FAILED;
      connected = true;
    }
    if (!sent) {
      if (api.write(plugin.ctx, io, cx->waker, "hello", 5, &size, nullptr) != EKD_READY) {
        return EKD_FAILED;
      }
      sent = true;
      if (api.shutdown_write(plugin.ctx, io, nullptr) != EKD_OK) return EKD_FAILED;
    }
    for (;;) {
      std::array<char, 64> buffer;
      const std::int32_t code =
          api.read(plugin.ctx, io, cx->waker, buffer.data(), buffer.size(), &size, nullptr);
      if (code != EKD_READY) return code == EKD_PENDING ? EKD_PENDING : EKD_FAILED;
      if (size == 0) return api.close(plugin.ctx, io) == EKD_OK ? EKD_READY : EKD_FAILED;
      received.append(buffer.data(), size);
    }
  }
};

TEST_CASE("two tasks talk over TCP", "[io]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "tcp");
  EchoServer server{plugin};
  REQUIRE(plugin.api.io->tcp_listen(plugin.ctx, EKD_STR("127.0.0.1:0"), nullptr, &server.listener,
                                    nullptr) == EKD_OK);
  char address[64];
  REQUIRE(plugin.api.io->local_address(plugin.ctx, server.listener, address, 64) == EKD_OK);
  CHECK(std::string(address).rfind("127.0.0.1:", 0) == 0);
  EchoClient client{plugin, address};
  Probe serving([&](ekd_cx* cx) { return server.poll(cx); });
  Probe talking([&](ekd_cx* cx) { return client.poll(cx); });
  REQUIRE(plugin.spawn(serving) == EKD_OK);
  REQUIRE(plugin.spawn(talking) == EKD_OK);
  CHECK(eventually([&] { return serving.drops.load() == 1 && talking.drops.load() == 1; }));
  CHECK(client.received == "hello");
  CHECK(server.echoed == 5);
  CHECK(plugin.api.io->close(plugin.ctx, server.listener) == EKD_OK);
}

// --- Refusals ----------------------------------------------------------------------------------

TEST_CASE("a wrong address is explained, and is nobody's misuse", "[io]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tcp");
  for (const char* address : {"", "localhost:80", "127.0.0.1", "127.0.0.1:70000", "::1:80"}) {
    INFO(address);
    ekd_error error = ekd_error_init();
    ekd_io io = 0;
    CHECK(plugin.api.io->tcp_listen(plugin.ctx, ekd_str_from(address), nullptr, &io, &error) ==
          EKD_E_INVALID);
    CHECK(error.code == EKD_E_INVALID);
    CHECK(error.text_size > 0);
    CHECK(plugin.api.io->tcp_connect(plugin.ctx, ekd_str_from(address), &io, nullptr) ==
          EKD_E_INVALID);
    CHECK(io == 0);
  }
  CHECK(captured.text().empty());
}

TEST_CASE("what the system refuses carries its number and its words", "[io]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tcp");
  const ekd_io_api& io = *plugin.api.io;
  ekd_io listener = 0;
  ekd_io second = 0;
  REQUIRE(io.tcp_listen(plugin.ctx, EKD_STR("127.0.0.1:0"), nullptr, &listener, nullptr) == EKD_OK);
  char address[64];
  REQUIRE(io.local_address(plugin.ctx, listener, address, sizeof(address)) == EKD_OK);
  ekd_error error = ekd_error_init();
  CHECK(io.tcp_listen(plugin.ctx, ekd_str_from(address), nullptr, &second, &error) == EKD_E_OS);
  CHECK(error.os_errno == EADDRINUSE);
  CHECK(text_of(error).find("in use") != std::string::npos);
  CHECK(io.close(plugin.ctx, listener) == EKD_OK);

  error = ekd_error_init();
  CHECK(io.adopt(plugin.ctx, 1'000'000, &second, &error) == EKD_E_OS);
  CHECK(error.os_errno == EBADF);
  CHECK(io.adopt(plugin.ctx, -1, &second, &error) < 0);
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  error = ekd_error_init();
  CHECK(io.adopt(plugin.ctx, file, &second, &error) == EKD_E_OS);
  CHECK(error.os_errno == EPERM);
  ::close(file);
  CHECK(second == 0);
}

TEST_CASE("a peer that is gone is an error of the system", "[io]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "tcp");
  SocketPair pair(plugin);
  REQUIRE(pair.code == EKD_OK);
  ::close(pair.ours);
  pair.ours = -1;
  ekd_error error = ekd_error_init();
  std::uint64_t size = 0;
  CHECK(plugin.api.io->write(plugin.ctx, pair.theirs, 0, "x", 1, &size, &error) == EKD_E_OS);
  CHECK(error.os_errno == EPIPE);
  CHECK(plugin.api.io->close(plugin.ctx, pair.theirs) == EKD_OK);
}

TEST_CASE("misuse of descriptors is an error code", "[io]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  Plugin other(daemon, "other");
  SocketPair mine(plugin);
  SocketPair theirs(other);
  REQUIRE(mine.code == EKD_OK);
  REQUIRE(theirs.code == EKD_OK);
  const ekd_io_api& io = *plugin.api.io;
  ekd_ctx* const ctx = plugin.ctx;
  char buffer[128];
  std::uint64_t size = 0;
  std::int32_t fd = 0;
  ekd_io made = 0;

  CHECK(io.read(ctx, mine.theirs, 0, nullptr, 10, &size, nullptr) == EKD_E_INVALID);
  CHECK(io.read(ctx, mine.theirs, 0, buffer, 0, &size, nullptr) == EKD_E_INVALID);
  CHECK(io.read(ctx, mine.theirs, 0, buffer, 10, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(io.write(ctx, mine.theirs, 0, nullptr, 10, &size, nullptr) == EKD_E_INVALID);
  CHECK(io.write(ctx, mine.theirs, 0, buffer, 10, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(io.fd(ctx, mine.theirs, nullptr) == EKD_E_INVALID);
  CHECK(io.accept(ctx, mine.theirs, 0, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(io.tcp_listen(ctx, EKD_STR("127.0.0.1:0"), nullptr, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(io.tcp_listen(ctx, ekd_str_of(nullptr, 5), nullptr, &made, nullptr) == EKD_E_INVALID);
  CHECK(io.tcp_connect(ctx, ekd_str_of(nullptr, 5), &made, nullptr) == EKD_E_INVALID);
  CHECK(io.ready_poll(ctx, mine.theirs, 0, 0, nullptr) == EKD_E_INVALID);
  CHECK(io.ready_poll(ctx, mine.theirs, 4, 0, nullptr) == EKD_E_UNSUPPORTED);
  CHECK(io.clear_ready(ctx, mine.theirs, 8, 0) == EKD_E_UNSUPPORTED);
  CHECK(io.local_address(ctx, mine.theirs, nullptr, 64) == EKD_E_INVALID);
  CHECK(io.local_address(ctx, mine.theirs, buffer, 63) == EKD_E_TOO_BIG);

  const auto all = [&](ekd_io handle) {
    return std::vector<std::int32_t>{io.read(ctx, handle, 0, buffer, 10, &size, nullptr),
                                     io.write(ctx, handle, 0, buffer, 10, &size, nullptr),
                                     io.accept(ctx, handle, 0, &made, nullptr),
                                     io.connect_poll(ctx, handle, 0, nullptr),
                                     io.shutdown_write(ctx, handle, nullptr),
                                     io.ready_poll(ctx, handle, EKD_IO_READABLE, 0, nullptr),
                                     io.clear_ready(ctx, handle, EKD_IO_READABLE, 0),
                                     io.fd(ctx, handle, &fd),
                                     io.local_address(ctx, handle, buffer, 128),
                                     io.peer_address(ctx, handle, buffer, 128),
                                     io.set_nodelay(ctx, handle, 1, nullptr),
                                     io.close(ctx, handle)};
  };
  CHECK(all(theirs.theirs) == std::vector<std::int32_t>(12, EKD_E_FOREIGN));
  CHECK(captured.lines_with({"plugin.tester", "ekd.io/1 close", "another plugin instance"}) == 1);
  CHECK(io.close(ctx, mine.theirs) == EKD_OK);
  CHECK(all(mine.theirs) == std::vector<std::int32_t>(12, EKD_E_STALE));
  for (const ekd_io number : {ekd_io{0}, mine.theirs & 0x0fffffffffffffff, ~ekd_io{0}}) {
    for (const std::int32_t code : all(number))
      CHECK((code == EKD_E_STALE || code == EKD_E_INVALID));
  }
}

TEST_CASE("options of a listener are checked", "[io]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tcp");
  struct Row {
    const char* what;
    ekd_listen_options options;
    std::int32_t expected;
  };
  constexpr std::uint32_t kSize = sizeof(ekd_listen_options);
  const std::vector<Row> rows = {
      {"by default", {kSize, 0, 0, 0}, EKD_OK},
      {"all known", {kSize, 10, EKD_LISTEN_REUSE_PORT, 0}, EKD_OK},
      {"unknown flag", {kSize, 0, 2, 0}, EKD_E_UNSUPPORTED},
      {"reserved used", {kSize, 0, 0, 1}, EKD_E_UNSUPPORTED},
      {"backlog beyond an int", {kSize, 0x80000000, 0, 0}, EKD_E_INVALID},
      {"no size", {0, 0, 0, 0}, EKD_E_INVALID},
      {"size too small", {kSize - 4, 0, 0, 0}, EKD_E_INVALID},
      {"size absurd", {0xffffffff, 0, 0, 0}, EKD_E_INVALID},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ekd_io io = 0;
    CHECK(plugin.api.io->tcp_listen(plugin.ctx, EKD_STR("127.0.0.1:0"), &row.options, &io,
                                    nullptr) == row.expected);
    if (io != 0) CHECK(plugin.api.io->close(plugin.ctx, io) == EKD_OK);
  }
}

// --- Descriptors that the plugin reads itself --------------------------------------------------

TEST_CASE("a plugin may read a descriptor itself and wait on the host", "[io]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "ready");
  SocketPair pair(plugin);
  REQUIRE(pair.code == EKD_OK);
  const ekd_io_api& io = *plugin.api.io;
  std::string received{};
  std::atomic<std::size_t> received_bytes{0};
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    std::int32_t fd = -1;
    if (io.fd(plugin.ctx, pair.theirs, &fd) != EKD_OK) return EKD_FAILED;
    for (;;) {
      std::uint64_t ready = 0;
      const std::int32_t code =
          io.ready_poll(plugin.ctx, pair.theirs, EKD_IO_READABLE, cx->waker, &ready);
      if (code != EKD_READY) return code == EKD_PENDING ? EKD_PENDING : EKD_FAILED;
      char buffer[16];
      const ssize_t n = ::read(fd, buffer, sizeof(buffer));
      if (n == 0) return EKD_READY;
      if (n > 0) {
        received.append(buffer, static_cast<std::size_t>(n));
        received_bytes.store(received.size());
      } else if (io.clear_ready(plugin.ctx, pair.theirs, EKD_IO_READABLE, ready) != EKD_OK) {
        return EKD_FAILED;
      }
    }
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  std::size_t sent = 0;
  for (const char* word : {"one ", "two ", "three"}) {
    REQUIRE(::send(pair.ours, word, std::strlen(word), 0) > 0);
    sent += std::strlen(word);
    CHECK(eventually([&] { return received_bytes.load() == sent; }));
  }
  REQUIRE(::shutdown(pair.ours, SHUT_WR) == 0);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(received == "one two three");
  CHECK(plugin.api.io->close(plugin.ctx, pair.theirs) == EKD_OK);
}

// One task that asks all its connections in turn, more of them than its budget has units.
TEST_CASE("quiet connections cost no budget", "[io]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "crowd");
  constexpr std::size_t kPairs = 300;
  std::vector<std::unique_ptr<SocketPair>> pairs;
  for (std::size_t i = 0; i < kPairs; ++i)
    pairs.push_back(std::make_unique<SocketPair>(plugin));
  std::atomic<std::size_t> received{0};
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    for (const auto& pair : pairs) {
      char byte = 0;
      std::uint64_t size = 0;
      const std::int32_t code =
          plugin.api.io->read(plugin.ctx, pair->theirs, cx->waker, &byte, 1, &size, nullptr);
      if (code == EKD_READY) ++received;
      if (code < 0) return EKD_FAILED;
    }
    return received == kPairs ? EKD_READY : EKD_PENDING;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  // It comes to rest: two looks with some time in between find the same number of polls.
  int polls = -1;
  CHECK(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return polls == std::exchange(polls, probe.polls.load());
  }));
  for (const auto& pair : pairs)
    CHECK(::send(pair->ours, "x", 1, 0) == 1);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(received.load() == kPairs);
}

TEST_CASE("both directions may be asked for at once", "[io]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "ready");
  SocketPair pair(plugin);
  const ekd_io_api& io = *plugin.api.io;
  std::uint64_t ready = 0;
  constexpr std::uint32_t kBoth = EKD_IO_READABLE | EKD_IO_WRITABLE;
  REQUIRE(io.ready_poll(plugin.ctx, pair.theirs, kBoth, 0, &ready) == EKD_READY);
  CHECK(io.clear_ready(plugin.ctx, pair.theirs, kBoth, ready) == EKD_OK);
  CHECK(io.ready_poll(plugin.ctx, pair.theirs, kBoth, 0, nullptr) == EKD_PENDING);
  CHECK(plugin.api.io->close(plugin.ctx, pair.theirs) == EKD_OK);
}

TEST_CASE("what a plugin leaves open is closed when it goes", "[io]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "untidy");
  SocketPair pair(plugin);
  REQUIRE(pair.code == EKD_OK);
  REQUIRE(plugin.unload());
  char byte = 0;
  CHECK(::recv(pair.ours, &byte, 1, 0) == 0);
}

}  // namespace
}  // namespace ekiden::daemon::test
