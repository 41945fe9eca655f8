// Every operation of I/O is cut at every point where it is suspended: nothing is left behind, and
// where it says so, nothing is lost.
#include <ekiden/sdk/io.hpp>

#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// Runs what `make` makes again and again, cut some turns later each time, until it ends.
template <class Make>
Task<unsigned> cut_everywhere(Make make) {
  unsigned turn = 0;
  while (!co_await cut_after(turn, make())) {
    turn = next_turn(turn);
    require(turn < kTurnMax, "it never ends");
  }
  co_return turn;
}

}  // namespace

TEST_CASE("connections that are cut while they are made leave no descriptor", "[sdk][io][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  const TemporaryFolder folder;
  // The pool's thread, and what the resolver keeps open.
  world.run([]() -> Task<> { co_await resolve("localhost", 1); });
  const int before = open_descriptors();
  world.run([&]() -> Task<> {
    auto tcp = []() -> Task<> {
      const TcpListener listener = TcpListener::bind(Address::loopback(0));
      co_await TcpStream::connect("localhost:" + std::to_string(listener.local_address().port()));
      co_await join_all(listener.accept(), yield());
    };
    auto unix_one = [&]() -> Task<> {
      const std::string path = "@" + folder / "x";
      const UnixListener listener = UnixListener::bind(path);
      auto later = [&]() -> Task<> {
        co_await yield();
        co_await UnixStream::connect(path);
      };
      co_await join_all(listener.accept(), later());
    };
    for (int round = 0; round < 5; ++round) {
      co_await cut_everywhere(tcp);
      co_await cut_everywhere(unix_one);
    }
  });
  CHECK(eventually([&] { return open_descriptors() == before; }));
}

TEST_CASE("an accept that is cut loses no connection", "[sdk][io][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr int kConnections = 30;
    const TcpListener listener = TcpListener::bind(Address::loopback(0));
    auto clients = spawn([&]() -> Task<> {
      for (int i = 0; i < kConnections; ++i) {
        const TcpStream stream = co_await TcpStream::connect(listener.local_address());
        co_await stream.write_all(bytes_of("x"));
        std::byte buffer[1];
        require(co_await stream.read(buffer) == 1, "no answer");
      }
    });
    for (int i = 0; i < kConnections;) {
      auto stream = co_await timeout(100us, listener.accept());
      if (!stream) continue;
      std::byte buffer[1];
      require(co_await stream->read(buffer) == 1, "another connection");
      co_await stream->write_all(buffer);
      ++i;
    }
    co_await clients;
  });
}

TEST_CASE("reads and writes that are cut anywhere lose nothing", "[sdk][io][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr std::size_t kBytes = 50'000;
    UnixPair pair = unix_pair();
    shrink_buffers(pair.client);
    shrink_buffers(pair.server);
    const Bytes sent = pattern(kBytes);
    // write_all tells how far it came, so it can be taken up again.
    auto writer = spawn([&]() -> Task<> {
      std::size_t count = 0;
      for (unsigned cut = 0; count < kBytes; ++cut) {
        std::size_t done = 0;
        auto write = [&]() -> Task<> {
          co_await pair.client.write_all(std::span(sent).subspan(count), &done);
        };
        co_await timeout(std::chrono::microseconds(cut % 7 * 30), write());
        count += done;
        co_await yield();
      }
      pair.client.shutdown();
    });
    Bytes received;
    for (unsigned cut = 0;; ++cut) {
      std::byte buffer[500];
      std::size_t got = 1;
      bool ended = false;
      if (cut % 3 == 0) {
        std::size_t done = 0;
        auto read = [&]() -> Task<> { co_await pair.server.read_exact(buffer, &done); };
        try {
          co_await timeout(std::chrono::microseconds(cut % 5 * 40), read());
        } catch (const Closed&) {
          ended = true;
        }
        got = done;
      } else if (auto some = co_await timeout(50us, pair.server.read(buffer))) {
        got = *some;
        ended = got == 0;
      } else {
        got = 0;
      }
      received.insert(received.end(), buffer, buffer + got);
      if (ended) break;
    }
    require(received == sent, "bytes are lost, twice there, or out of order");
    co_await writer;
  });
}

TEST_CASE("a task of streams, datagrams and files is cut at each of its waits",
          "[sdk][io][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  const TemporaryFolder folder;
  std::atomic<int> alive{0};
  world.run([]() -> Task<> { co_await resolve("localhost", 1); });
  const int before = open_descriptors();
  world.run([&]() -> Task<> {
    auto body = [&]() -> Task<> {
      const Alive here(alive);
      UnixPair left = unix_pair();
      UnixPair right = unix_pair();
      shrink_buffers(left.client);
      shrink_buffers(right.server);
      auto feed = [&]() -> Task<> {
        const Alive inner(alive);
        const Bytes bytes = pattern(20'000);
        const std::span<const std::byte> slices[] = {std::span(bytes).first(7'000),
                                                     std::span(bytes).subspan(7'000)};
        co_await write_all_vectored(left.client, slices);
        left.client.shutdown();
      };
      auto drain = [&]() -> Task<std::size_t> {
        const Alive inner(alive);
        const std::size_t size = (co_await read_to_end(right.server, 20'000)).size();
        right.server.shutdown();
        co_return size;
      };
      auto results =
          co_await join_all(feed(), copy_bidirectional(left.server, right.client), drain());
      require(std::get<2>(results) == 20'000, "bytes are lost");
      const UdpSocket socket = UdpSocket::bind(Address::loopback(0));
      std::byte buffer[4];
      co_await join_all(socket.recv(buffer), socket.send_to(bytes_of("x"), socket.local_address()));
      co_await write_file(folder / "x", bytes_of("text"));
      require((co_await read_file(folder / "x", 10)).size() == 4, "another file");
    };
    const unsigned cuts = co_await cut_everywhere(body);
    require(cuts >= 5, "it was hardly ever cut");
  });
  CHECK(alive.load() == 0);
  CHECK(eventually([&] { return open_descriptors() == before; }));
}

}  // namespace ekiden::test
