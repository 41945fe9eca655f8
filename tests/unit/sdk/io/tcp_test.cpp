// TCP: addresses, listening, connecting, many connections, names of hosts.
#include <ekiden/sdk/io.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

Task<> echo(TcpStream stream) {
  std::byte buffer[1024];
  for (;;) {
    const std::size_t got = co_await stream.read(buffer);
    if (got == 0) break;
    co_await stream.write_all(std::span(buffer).first(got));
  }
  stream.shutdown();
}

Task<> echo_server(const TcpListener& listener, int connections) {
  for (int i = 0; i < connections; ++i) {
    TcpStream stream = co_await listener.accept();
    spawn(echo(std::move(stream))).detach();
  }
}

Task<> echo_client(Address to, std::size_t number) {
  const TcpStream stream = co_await TcpStream::connect(to);
  const Bytes sent = pattern(3000, number);
  Bytes received(sent.size());
  co_await stream.write_all(sent);
  co_await stream.read_exact(received);
  require(sent == received, "other bytes came back");
  stream.shutdown();
  std::byte more;
  require(co_await stream.read({&more, 1}) == 0, "no end of the stream");
}

// No descriptor beyond those that are open.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("addresses are read and written", "[sdk][io]") {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443"})
    CHECK(Address::parse(text).to_string() == text);
  CHECK(Address::parse("[fe80::1%1]:80").to_string() == "[fe80::1%1]:80");
  CHECK(Address::parse("127.0.0.1:80") == Address::loopback(80));
  CHECK(Address::loopback(80) != Address::loopback(81));
  CHECK(Address::loopback(80).with_port(81).port() == 81);
  CHECK(Address::parse("[::1]:80").is_v6());
  CHECK(Address() == Address::any(0));
  for (const char* text : {"", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
                           "[::1]", "[127.0.0.1]:80", "localhost:80", "1.2.3:80", "[::1%]:80"}) {
    INFO(text);
    CHECK(!Address::try_parse(text));
    CHECK_THROWS_AS(Address::parse(text), Error);
  }
}

TEST_CASE("two tasks talk over TCP and know each other's addresses", "[sdk][io][tcp]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    const TcpListener listener = TcpListener::bind("127.0.0.1:0");
    require(listener.local_address().port() != 0, "no port was taken");
    auto [client, server] =
        co_await join_all(TcpStream::connect(listener.local_address()), listener.accept());
    require(client.peer_address() == listener.local_address(), "the client's peer");
    require(client.local_address() == server.peer_address(), "the server's peer");
    client.set_nodelay(true);
    int on = 0;
    socklen_t size = sizeof(on);
    ::getsockopt(client.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, &size);
    require(on != 0, "nodelay is off");
    co_await server.write_all(bytes_of("hello"));
    std::byte buffer[16];
    const std::size_t got = co_await client.read(buffer);
    require(text_of(std::span(buffer).first(got)) == "hello", "other bytes");
  });
}

TEST_CASE("two hundred connections are echoed at once", "[sdk][io][tcp]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr int kConnections = 200;
    const TcpListener listener = TcpListener::bind(Address::loopback(0));
    auto server = spawn(echo_server(listener, kConnections));
    std::vector<JoinHandle<>> clients;
    for (std::size_t i = 0; i < kConnections; ++i)
      clients.push_back(spawn([to = listener.local_address(), i] { return echo_client(to, i); }));
    for (auto& client : clients)
      co_await client;
    co_await server;
  });
  CHECK(world.all_gone());
}

TEST_CASE("a connection that nobody takes is an error with its address", "[sdk][io][tcp]") {
  World world;
  world.run([]() -> Task<> {
    Address nobody;
    {
      const TcpListener gone = TcpListener::bind(Address::loopback(0));
      nobody = gone.local_address();
    }
    std::string text;
    int os_errno = 0;
    try {
      co_await TcpStream::connect(nobody);
    } catch (const Error& error) {
      text = error.what();
      os_errno = error.os_errno();
    }
    require(os_errno == ECONNREFUSED, "not refused");
    require(text.find(nobody.to_string()) != std::string::npos, "the address is missing");
  });
}

TEST_CASE("listening fails with a sentence", "[sdk][io][tcp]") {
  World world;
  const TcpListener first = TcpListener::bind("127.0.0.1:0");
  CHECK_THROWS_AS(TcpListener::bind("localhost"), Error);
  try {
    TcpListener::bind(first.local_address());
    FAIL("two listen on one port");
  } catch (const Error& error) {
    CHECK(error.os_errno() == EADDRINUSE);
    CHECK(!is_shortage(error));
  }
  const ListenOptions shared{16, true};
  const TcpListener one = TcpListener::bind("127.0.0.1:0", shared);
  CHECK_NOTHROW(TcpListener::bind(one.local_address(), shared));
}

TEST_CASE("an accept without descriptors says so and loses no connection", "[sdk][io][tcp]") {
  World world;
  world.run([]() -> Task<> {
    const TcpListener listener = TcpListener::bind(Address::loopback(0));
    const TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await client.write_all(bytes_of("x"));
    bool shortage = false;
    try {
      const NoDescriptors none;
      co_await listener.accept();
    } catch (const Error& error) {
      shortage = is_shortage(error);
    }
    require(shortage, "the shortage was not told");
    const TcpStream server = co_await listener.accept();
    std::byte buffer[1];
    require(co_await server.read(buffer) == 1, "the connection is another");
  });
}

TEST_CASE("a server accepts again once there are descriptors", "[sdk][io][tcp]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    const TcpListener listener = TcpListener::bind(Address::loopback(0));
    const TcpStream client = co_await TcpStream::connect(listener.local_address());
    std::optional<NoDescriptors> none(std::in_place);
    auto server = spawn([&] { return accept_when_room(listener); });
    co_await sleep(5ms);
    require(!server.is_finished(), "it had a descriptor");
    none.reset();
    const TcpStream stream = co_await server;
    require(stream.peer_address() == client.local_address(), "another connection");
  });
}

TEST_CASE("names of hosts are resolved on the pool", "[sdk][io][resolve]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    const auto all = co_await resolve("localhost", 80);
    const bool found = std::any_of(all.begin(), all.end(), [](const Address& address) {
      return address == Address::loopback(80) || address == Address::parse("[::1]:80");
    });
    require(found, "localhost is elsewhere");
    const auto literal = co_await resolve("127.0.0.1", 81);
    require(literal.size() == 1 && literal[0] == Address::loopback(81), "a literal is elsewhere");
    std::string text;
    try {
      co_await resolve("no such host.invalid", 80);
    } catch (const Error& error) {
      text = error.what();
    }
    require(text.find("no such host.invalid") != std::string::npos, "the name is missing");
  });
}

TEST_CASE("a stream connects by name, to the first address that answers", "[sdk][io][resolve]") {
  World world;
  world.run([]() -> Task<> {
    // Where localhost is ::1 too, that is refused first.
    const TcpListener listener = TcpListener::bind(Address::loopback(0));
    const std::string port = std::to_string(listener.local_address().port());
    co_await TcpStream::connect("localhost:" + port);
    co_await TcpStream::connect("127.0.0.1:" + port);
    for (const std::string bad : {"localhost", "localhost:", ":80", "localhost:99999"}) {
      std::int32_t code = 0;
      try {
        co_await TcpStream::connect(bad);
      } catch (const Error& error) {
        code = error.code();
      }
      require(code == EKD_E_INVALID, "a bad name was tried");
    }
  });
}

TEST_CASE("a stream that goes while somebody waits on it wakes them with an error",
          "[sdk][io][tcp]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::atomic<bool> waits{false};
    auto reader = spawn([&]() -> Task<std::int32_t> {
      std::byte buffer[1];
      waits.store(true);
      try {
        co_await pair.client.read(buffer);
      } catch (const Error& error) {
        co_return error.code();
      }
      co_return 0;
    });
    while (!waits.load())
      co_await sleep(1ms);
    co_await sleep(1ms);
    pair.client.close();
    require(co_await reader == EKD_E_STALE, "another answer");
  });
}

}  // namespace ekiden::test
