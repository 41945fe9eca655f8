// UDP and Unix sockets.
#include <ekiden/sdk/io.hpp>

#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

Task<> echo_once(UnixStream stream) {
  const Bytes all = co_await read_to_end(stream, 1 << 20);
  co_await stream.write_all(all);
  stream.shutdown();
}

Task<> ask_once(std::string path, std::size_t number) {
  UnixStream stream = co_await UnixStream::connect(path);
  const Bytes sent = pattern(5000, number);
  co_await stream.write_all(sent);
  stream.shutdown();
  require(co_await read_to_end(stream, 1 << 20) == sent, "other bytes came back");
}

}  // namespace

TEST_CASE("datagrams go to an address and say where they come from", "[sdk][io][udp]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    const UdpSocket a = UdpSocket::bind(Address::loopback(0));
    const UdpSocket b = UdpSocket::bind(Address::loopback(0));
    auto receiver = spawn([&]() -> Task<Datagram> {
      std::byte buffer[8];
      co_return co_await b.recv_from(buffer);
    });
    co_await yield();
    require(co_await a.send_to(bytes_of("hello"), b.local_address()) == 5, "it was cut");
    const Datagram first = co_await receiver;
    require(first.size == 5 && !first.truncated, "another size");
    require(first.from == a.local_address(), "another sender");

    std::byte buffer[8];
    co_await a.send_to({}, b.local_address());
    require((co_await b.recv_from(buffer)).size == 0, "an empty one is not empty");
    co_await a.send_to(bytes_of("longer than eight"), b.local_address());
    const Datagram cut = co_await b.recv_from(buffer);
    require(cut.size == 8 && cut.truncated, "the cut was not told");
    const auto nothing = co_await timeout(1ms, b.recv_from(buffer));
    require(!nothing, "the rest came as another one");
    co_await a.send_to(bytes_of("again"), b.local_address());
    require((co_await b.recv_from(buffer)).size == 5, "lost after a timeout");
  });
}

TEST_CASE("connected datagram sockets hear each other alone", "[sdk][io][udp]") {
  World world;
  world.run([]() -> Task<> {
    const UdpSocket a = UdpSocket::bind(Address::loopback(0));
    const UdpSocket stranger = UdpSocket::bind(Address::loopback(0));
    UdpSocket b = UdpSocket::bind(Address::loopback(0));
    a.connect(b.local_address());
    b.connect(a.local_address());
    require(a.peer_address() == b.local_address(), "another peer");
    co_await stranger.send_to(bytes_of("noise"), b.local_address());
    co_await a.send(bytes_of("ab"));
    std::byte buffer[8];
    require(co_await b.recv(buffer) == 2, "the noise was heard");
    b.close();
    int os_errno = 0;
    try {
      for (int i = 0; i < 100 && os_errno == 0; ++i) {
        co_await a.send(bytes_of("x"));
        co_await sleep(1ms);
      }
    } catch (const Error& error) {
      os_errno = error.os_errno();
    }
    require(os_errno == ECONNREFUSED, "nobody is there, and nobody says so");
  });
}

TEST_CASE("many datagrams arrive, whatever the budget of a poll", "[sdk][io][udp]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    const UdpSocket a = UdpSocket::bind(Address::loopback(0));
    const UdpSocket b = UdpSocket::bind(Address::loopback(0));
    auto receiver = spawn([&]() -> Task<> {
      for (std::size_t i = 0; i < 2000; ++i) {
        std::byte buffer[64];
        const Datagram datagram = co_await b.recv_from(buffer);
        require(datagram.size == i % 60, "one is missing");
        co_await b.send_to({}, datagram.from);
      }
    });
    std::byte buffer[8];
    for (std::size_t i = 0; i < 2000; ++i) {
      co_await a.send_to(pattern(i % 60), b.local_address());
      co_await a.recv(buffer);
    }
    co_await receiver;
  });
}

TEST_CASE("Unix sockets listen at a path, or at an abstract name", "[sdk][io][unix]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const TemporaryFolder folder;
  const std::string abstract = "@" + folder / "abstract";
  const std::string path = GENERATE(false, true) ? abstract : folder / "socket";
  world.run([&]() -> Task<> {
    constexpr std::size_t kConnections = 50;
    const UnixListener listener = UnixListener::bind(path);
    auto server = spawn([&]() -> Task<> {
      for (std::size_t i = 0; i < kConnections; ++i) {
        UnixStream stream = co_await listener.accept();
        spawn(echo_once(std::move(stream))).detach();
      }
    });
    std::vector<JoinHandle<>> clients;
    for (std::size_t i = 0; i < kConnections; ++i)
      clients.push_back(spawn([path, i] { return ask_once(path, i); }));
    for (auto& client : clients)
      co_await client;
    co_await server;
  });
  CHECK(world.all_gone());
}

TEST_CASE("a connect to a Unix listener waits where the backlog is full", "[sdk][io][unix]") {
  World world(GENERATE(1u, 4u));
  const TemporaryFolder folder;
  world.run([&]() -> Task<> {
    constexpr std::size_t kConnections = 20;
    const UnixListener listener = UnixListener::bind(folder / "socket", 1);
    std::vector<JoinHandle<>> clients;
    for (std::size_t i = 0; i < kConnections; ++i)
      clients.push_back(spawn([path = folder / "socket", i] { return ask_once(path, i); }));
    co_await sleep(5ms);
    for (std::size_t i = 0; i < kConnections; ++i)
      spawn(echo_once(co_await listener.accept())).detach();
    for (auto& client : clients)
      co_await client;
  });
}

TEST_CASE("a Unix path that nobody listens at is an error with the path", "[sdk][io][unix]") {
  World world;
  const TemporaryFolder folder;
  world.run([&]() -> Task<> {
    const std::string path = folder / "nobody";
    std::string text;
    int os_errno = 0;
    try {
      co_await UnixStream::connect(path);
    } catch (const Error& error) {
      text = error.what();
      os_errno = error.os_errno();
    }
    require(os_errno == ENOENT && text.find(path) != std::string::npos, "another error");
  });
  CHECK_THROWS_AS(UnixStream::connect(""), Error);
  CHECK_THROWS_AS(UnixListener::bind(std::string(108, 'x')), Error);
  const UnixListener first = UnixListener::bind(folder / "socket");
  CHECK_THROWS_AS(UnixListener::bind(folder / "socket"), Error);
}

TEST_CASE("a pair of Unix streams is connected", "[sdk][io][unix]") {
  World world;
  world.run([]() -> Task<> {
    auto [a, b] = UnixStream::make_pair();
    co_await a.write_all(bytes_of("x"));
    std::byte buffer[1];
    require(co_await b.read(buffer) == 1, "nothing came");
    a.close();
    require(co_await b.read(buffer) == 0, "no end");
  });
}

TEST_CASE("a descriptor of the plugin's own is waited for", "[sdk][io]") {
  World world;
  world.run([]() -> Task<> {
    int fds[2];
    require(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "no pair");
    const IoHandle a = IoHandle::adopt(fds[0]);
    const IoHandle b = IoHandle::adopt(fds[1]);
    auto receiver = spawn([&]() -> Task<std::size_t> {
      char buffer[16];
      co_return co_await b.when_ready(
          EKD_IO_READABLE, [&, fd = b.fd()] { return ::recv(fd, buffer, sizeof(buffer), 0); });
    });
    co_await sleep(2ms);
    co_await a.when_ready(EKD_IO_WRITABLE, [fd = a.fd()] { return ::send(fd, "abc", 3, 0); });
    require(co_await receiver == 3, "another size");
    int os_errno = 0;
    try {
      co_await a.when_ready(EKD_IO_WRITABLE, []() -> ssize_t {
        errno = EPROTO;
        return -1;
      });
    } catch (const Error& error) {
      os_errno = error.os_errno();
    }
    require(os_errno == EPROTO, "the error is lost");
  });
  CHECK_THROWS_AS(IoHandle::adopt(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)), Error);
}

}  // namespace ekiden::test
