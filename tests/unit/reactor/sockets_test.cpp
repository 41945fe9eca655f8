#include "runtime/reactor/sockets.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "runtime/reactor/socket_address.hpp"
#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

using Catch::Matchers::Contains;

struct TcpBench : Bench {
  std::string error_text;
  int os_error = 0;

  Handle listen(std::string_view address = "127.0.0.1:0", ListenOptions options = {}) {
    Handle handle;
    if (tcp_listen(reactor, kOwner, address, options, handle, os_error, error_text) !=
        Status::kOk) {
      std::abort();
    }
    return handle;
  }
  std::string address_of(Handle handle) {
    std::string text;
    if (local_address(reactor, kOwner, handle, text) != Status::kOk) std::abort();
    return text;
  }
  Handle connect(const std::string& address) {
    Handle handle;
    if (tcp_connect(reactor, kOwner, address, handle, os_error, error_text) != Status::kOk) {
      std::abort();
    }
    return handle;
  }
  // Turns until `call` is not pending any more.
  template <class Call>
  Status finish(Call&& call) {
    Status status = Status::kPending;
    eventually([&] {
      status = call();
      if (status == Status::kPending) drain();
      return status != Status::kPending;
    });
    return status;
  }
  Handle accept_next(Handle listener) {
    Handle out;
    if (finish([&] { return accept(reactor, kOwner, listener, task(3), out, os_error); }) !=
        Status::kOk) {
      std::abort();
    }
    return out;
  }
  Bench::Io read_all(Handle handle, std::size_t size) {
    Bench::Io io{};
    finish([&] { return (io = read(handle, size)).status; });
    return io;
  }
  // A connected pair: what was accepted, and what connected.
  std::pair<Handle, Handle> connected() {
    const Handle listener = listen();
    const Handle client = connect(address_of(listener));
    const Handle server = accept_next(listener);
    if (finish([&] { return connect_result(reactor, kOwner, client, task(4), os_error); }) !=
        Status::kOk) {
      std::abort();
    }
    if (reactor.close(kOwner, listener) != Status::kOk) std::abort();
    return {server, client};
  }
};

bool can_listen(TcpBench& bench, std::string_view address) {
  Handle handle;
  const Status status =
      tcp_listen(bench.reactor, kOwner, address, {}, handle, bench.os_error, bench.error_text);
  if (status == Status::kOk) return bench.reactor.close(kOwner, handle) == Status::kOk;
  return bench.os_error != EAFNOSUPPORT && bench.os_error != EADDRNOTAVAIL;
}

}  // namespace

TEST_CASE("listen, connect, accept, talk, half-close") {
  const char* const address = GENERATE("127.0.0.1:0", "[::1]:0");
  TcpBench bench;
  if (!can_listen(bench, address)) {
    WARN("skipped: this machine has no " << address);
    return;
  }
  ListenOptions options;
  options.ipv6_only = true;
  const Handle listener = bench.listen(address, options);
  Handle none;
  CHECK(accept(bench.reactor, kOwner, listener, task(3), none, bench.os_error) == Status::kPending);
  const std::string where = bench.address_of(listener);
  const Handle client = bench.connect(where);
  const Handle server = bench.accept_next(listener);
  REQUIRE(bench.finish([&] {
    return connect_result(bench.reactor, kOwner, client, task(4), bench.os_error);
  }) == Status::kOk);

  std::string peer;
  REQUIRE(peer_address(bench.reactor, kOwner, client, peer) == Status::kOk);
  CHECK(peer == where);
  SourceInfo info;
  REQUIRE(bench.reactor.describe(server, info));
  CHECK(info.local_address == where);
  CHECK(info.peer_address == bench.address_of(client));
  CHECK(bench.reactor.count(kOwner) == 3);

  CHECK(set_nodelay(bench.reactor, kOwner, client, true, bench.os_error) == Status::kOk);
  CHECK(bench.write(client, "question").count == 8);
  CHECK(bench.read_all(server, 64).data == "question");
  CHECK(shutdown_write(bench.reactor, kOwner, client, bench.os_error) == Status::kOk);
  CHECK(bench.read_all(server, 64).count == 0);
  CHECK(bench.write(server, "answer").count == 6);
  CHECK(bench.read_all(client, 64).data == "answer");
}

TEST_CASE("an accepted connection is non-blocking and close-on-exec") {
  TcpBench bench;
  const auto [server, client] = bench.connected();
  for (const Handle handle : {server, client}) {
    SourceInfo info;
    REQUIRE(bench.reactor.describe(handle, info));
    CHECK((fcntl(info.descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(info.descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("a connection that is refused says so") {
  TcpBench bench;
  const Handle listener = bench.listen();
  const std::string address = bench.address_of(listener);
  REQUIRE(bench.reactor.close(kOwner, listener) == Status::kOk);
  Handle client;
  const Status started =
      tcp_connect(bench.reactor, kOwner, address, client, bench.os_error, bench.error_text);
  if (started == Status::kOk) {
    CHECK(bench.finish([&] {
      return connect_result(bench.reactor, kOwner, client, task(4), bench.os_error);
    }) == Status::kOsError);
  }
  CHECK(bench.os_error == ECONNREFUSED);
}

TEST_CASE("a reset reaches the peer as ECONNRESET") {
  TcpBench bench;
  const auto [server, client] = bench.connected();
  CHECK(bench.read(server, 8).status == Status::kPending);
  REQUIRE(set_reset_on_close(bench.reactor, kOwner, client, bench.os_error) == Status::kOk);
  REQUIRE(bench.reactor.close(kOwner, client) == Status::kOk);
  const Bench::Io io = bench.read_all(server, 8);
  CHECK(io.status == Status::kOsError);
  CHECK(io.os_error == ECONNRESET);
  CHECK(bench.read_all(server, 8).count == 0);
  CHECK(bench.write(server, "x").os_error == EPIPE);
}

TEST_CASE("what cannot be listened on is refused with a sentence") {
  TcpBench bench;
  const Handle taken = bench.listen();
  const std::string address = bench.address_of(taken);
  Handle out;
  CHECK(tcp_listen(bench.reactor, kOwner, address, {}, out, bench.os_error, bench.error_text) ==
        Status::kOsError);
  CHECK(bench.os_error == EADDRINUSE);
  CHECK_THAT(bench.error_text, Contains("cannot listen on " + address));
  CHECK(tcp_listen(bench.reactor, kOwner, "192.0.2.1:7007", {}, out, bench.os_error,
                   bench.error_text) == Status::kOsError);
  CHECK(bench.os_error == EADDRNOTAVAIL);
  CHECK(tcp_listen(bench.reactor, kOwner, "nonsense", {}, out, bench.os_error, bench.error_text) ==
        Status::kInvalid);
  CHECK(tcp_connect(bench.reactor, kOwner, "nonsense", out, bench.os_error, bench.error_text) ==
        Status::kInvalid);
  CHECK(bench.reactor.count(kOwner) == 1);
}

TEST_CASE("several listeners share a port when both ask for it") {
  TcpBench bench;
  ListenOptions options;
  options.reuse_port = true;
  const Handle first = bench.listen("127.0.0.1:0", options);
  const Handle second = bench.listen(bench.address_of(first), options);
  CHECK(bench.address_of(first) == bench.address_of(second));
}

TEST_CASE("without descriptors accept says so, and goes on when there are some") {
  TcpBench bench;
  const Handle listener = bench.listen();
  const Handle client = bench.connect(bench.address_of(listener));
  REQUIRE(bench.finish([&] {
    return connect_result(bench.reactor, kOwner, client, task(4), bench.os_error);
  }) == Status::kOk);

  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  Fd probe(dup(0));
  const rlimit none{static_cast<rlim_t>(probe.get()), before.rlim_max};
  probe.close();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  Handle out;
  const Status refused = accept(bench.reactor, kOwner, listener, task(3), out, bench.os_error);
  const int why = bench.os_error;
  const Status again = accept(bench.reactor, kOwner, listener, task(3), out, bench.os_error);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(refused == Status::kOsError);
  CHECK(why == EMFILE);
  CHECK(again == Status::kOsError);
  CHECK(accept(bench.reactor, kOwner, listener, task(3), out, bench.os_error) == Status::kOk);
}

TEST_CASE("options on what is no socket are errors, not crashes") {
  TcpBench bench;
  Pair pipe = make_pipe();
  const Handle handle = bench.adopt(std::move(pipe.near));
  CHECK(set_nodelay(bench.reactor, kOwner, handle, true, bench.os_error) == Status::kOsError);
  CHECK(bench.os_error == ENOTSOCK);
  CHECK(shutdown_write(bench.reactor, kOwner, handle, bench.os_error) == Status::kOsError);
  CHECK(set_reset_on_close(bench.reactor, kOwner, handle, bench.os_error) == Status::kOsError);
  Handle out;
  CHECK(accept(bench.reactor, kOwner, handle, task(1), out, bench.os_error) == Status::kOsError);
  CHECK(bench.os_error == ENOTSOCK);
  CHECK(set_nodelay(bench.reactor, kStranger, handle, true, bench.os_error) == Status::kForeign);
}

}  // namespace ekiden::runtime::test
