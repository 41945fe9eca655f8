// Streams: partial reads and writes, ends, resets, halves, copies.
#include <ekiden/sdk/io.hpp>

#include <numeric>
#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// Reads until the end and checks every byte; how many there were.
template <class S>
Task<std::size_t> drain(S& stream, std::size_t step, bool slow = false) {
  Bytes buffer(step);
  std::size_t count = 0;
  for (;;) {
    const std::size_t got = co_await stream.read(buffer);
    if (got == 0) co_return count;
    const Bytes expected = pattern(got, count);
    require(std::equal(expected.begin(), expected.end(), buffer.begin()), "other bytes");
    count += got;
    if (slow) co_await yield();
  }
}

}  // namespace

TEST_CASE("a long write goes through small buffers, piece by piece", "[sdk][io][stream]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr std::size_t kBytes = 100'000;
    TcpPair pair = co_await tcp_pair();
    shrink_buffers(pair.client);
    shrink_buffers(pair.server);
    auto reader = spawn([&] { return drain(pair.server, 777, true); });
    std::size_t went_out = 0;
    co_await write_all(pair.client, pattern(kBytes), &went_out);
    require(went_out == kBytes, "the count is wrong");
    pair.client.shutdown();
    require(co_await reader == kBytes, "bytes are lost");
  });
}

TEST_CASE("a write takes what there is room for", "[sdk][io][stream]") {
  World world;
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    shrink_buffers(pair.client);
    const Bytes bytes = pattern(8 << 20);
    const std::size_t put = co_await pair.client.write(bytes);
    require(put > 0 && put < bytes.size(), "it took all");
    require(co_await pair.client.write({}) == 0, "it took something of nothing");
    require(co_await pair.server.read({}) == 0, "it read into nothing");
  });
}

TEST_CASE("vectored writes arrive in order", "[sdk][io][stream]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    UnixPair pair = unix_pair();
    shrink_buffers(pair.client);
    shrink_buffers(pair.server);
    const Bytes all = pattern(300'000);
    std::vector<std::span<const std::byte>> slices;
    // Empty ones too, and more than a system call takes.
    for (std::size_t at = 0, size = 0; at < all.size(); at += size, size = (size * 7 + 13) % 9973)
      slices.push_back(std::span(all).subspan(at, std::min(size, all.size() - at)));
    slices.emplace_back();
    auto reader = spawn([&] { return drain(pair.server, 4096); });
    const std::span<const std::byte> two[] = {slices[1], slices[2]};
    const std::size_t head = slices[1].size() + slices[2].size();
    require(co_await pair.client.write_vectored(two) == head, "two small ones did not go");
    std::size_t went_out = 0;
    co_await write_all_vectored(pair.client, std::span(slices).subspan(3), &went_out);
    require(head + went_out == all.size(), "the count is wrong");
    pair.client.shutdown();
    require(co_await reader == all.size(), "bytes are lost");
  });
}

TEST_CASE("a pipe is a stream, also for vectored writes", "[sdk][io][stream]") {
  World world;
  world.run([]() -> Task<> {
    int fds[2];
    require(::pipe(fds) == 0, "no pipe");
    FdStream from = FdStream::adopt(fds[0]);
    FdStream to = FdStream::adopt(fds[1]);
    const std::span<const std::byte> slices[] = {bytes_of("a"), {}, bytes_of("bc")};
    co_await write_all_vectored(to, slices);
    to.close();
    const Bytes all = co_await read_to_end(from, 100);
    require(text_of(all) == "abc", "other bytes");
    int other[2];
    require(::pipe(other) == 0, "no pipe");
    const FdStream broken = FdStream::adopt(other[1]);
    ::close(other[0]);
    int os_errno = 0;
    try {
      co_await broken.write_vectored(slices);
    } catch (const Error& error) {
      os_errno = error.os_errno();
    }
    require(os_errno == EPIPE, "a broken pipe is something else");
  });
}

TEST_CASE("read_exact and read_to_end tell where a stream ends", "[sdk][io][stream]") {
  World world;
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    co_await pair.client.write_all(bytes_of("seven b"));
    pair.client.shutdown();
    std::byte buffer[10];
    co_await read_exact(pair.server, std::span(buffer).first(4));
    require(text_of(std::span(buffer).first(4)) == "seve", "other bytes");
    bool closed = false;
    std::size_t got = 0;
    try {
      co_await read_exact(pair.server, buffer, &got);
    } catch (const Closed& error) {
      closed = std::string(error.what()) == "the stream ended after 3 of 10 bytes";
    }
    require(closed && got == 3, "the early end was not told");
    co_await pair.server.write_all(bytes_of("12345"));
    std::int32_t code = 0;
    try {
      co_await read_to_end(pair.client, 4);
    } catch (const Error& error) {
      code = error.code();
    }
    require(code == EKD_E_TOO_BIG, "the limit does not hold");
    co_await pair.server.write_all(bytes_of("1234"));
    pair.server.shutdown();
    require((co_await read_to_end(pair.client, 4)).size() == 4, "the limit is too low");
    require((co_await read_to_end(pair.client, SIZE_MAX)).empty(), "no limit is a limit");
  });
}

TEST_CASE("a reset by the peer is an error of read and write", "[sdk][io][stream]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    reset_on_close(pair.server);
    auto close_it = [&]() -> Task<> {
      co_await sleep(2ms);
      pair.server.close();
    };
    int read_errno = 0;
    auto read_it = [&]() -> Task<> {
      std::byte buffer[10];
      try {
        co_await pair.client.read(buffer);
      } catch (const Error& error) {
        read_errno = error.os_errno();
      }
    };
    co_await join_all(read_it(), close_it());
    require(read_errno == ECONNRESET, "the read was not told");
    int write_errno = 0;
    try {
      co_await pair.client.write_all(bytes_of("x"));
    } catch (const Error& error) {
      write_errno = error.os_errno();
    }
    require(write_errno == EPIPE || write_errno == ECONNRESET, "the write was not told");
    pair.client.shutdown();  // nothing is left to end
  });
}

TEST_CASE("shutdown ends one direction and leaves the other", "[sdk][io][stream]") {
  World world;
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    pair.client.shutdown();
    std::byte buffer[4];
    require(co_await pair.server.read(buffer) == 0, "no end of the stream");
    require(co_await pair.server.read(buffer) == 0, "the end does not stay");
    co_await pair.server.write_all(bytes_of("back"));
    co_await pair.client.read_exact(buffer);
    int os_errno = 0;
    try {
      co_await pair.client.write_all(bytes_of("x"));
    } catch (const Error& error) {
      os_errno = error.os_errno();
    }
    require(os_errno == EPIPE, "it still writes");
  });
}

TEST_CASE("a read after a timeout loses nothing", "[sdk][io][stream]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr std::size_t kBytes = 2000;
    TcpPair pair = co_await tcp_pair();
    auto writer = spawn([&]() -> Task<> {
      const Bytes bytes = pattern(kBytes);
      for (std::size_t at = 0; at < kBytes; at += 20) {
        co_await pair.client.write_all(std::span(bytes).subspan(at, 20));
        if (at % 200 == 0) co_await sleep(1ms);
      }
      pair.client.shutdown();
    });
    std::size_t count = 0;
    unsigned timeouts = 0;
    for (;;) {
      std::byte buffer[64];
      const auto got = co_await timeout(100us, pair.server.read(buffer));
      if (!got) {
        require(++timeouts < 1'000'000, "it never ends");
        continue;
      }
      if (*got == 0) break;
      const Bytes expected = pattern(*got, count);
      require(std::equal(expected.begin(), expected.end(), buffer), "bytes are lost");
      count += *got;
    }
    require(count == kBytes, "bytes are lost at the end");
    co_await writer;
  });
}

TEST_CASE("the halves of a stream belong to two tasks", "[sdk][io][split]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr std::size_t kBytes = 400'000;
    UnixPair pair = unix_pair();
    shrink_buffers(pair.client);
    shrink_buffers(pair.server);
    std::vector<JoinHandle<std::size_t>> readers;
    std::vector<JoinHandle<>> writers;
    for (UnixStream* stream : {&pair.client, &pair.server}) {
      auto [read_half, write_half] = stream->into_split();
      require(!*stream, "the stream is not empty");
      readers.push_back(
          spawn([half = std::move(read_half)]() mutable { return drain(half, 999); }));
      // Its end ends the stream.
      writers.push_back(spawn([half = std::move(write_half)]() mutable -> Task<> {
        const WriteHalf own = std::move(half);
        co_await write_all(own, pattern(kBytes));
      }));
    }
    for (auto& writer : writers)
      co_await writer;
    for (auto& reader : readers)
      require(co_await reader == kBytes, "bytes are lost");
  });
}

TEST_CASE("halves of one stream are put together again, others are refused", "[sdk][io][split]") {
  World world;
  world.run([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    auto [read_half, write_half] = pair.client.into_split();
    FdStream again = FdStream::reunite(std::move(read_half), std::move(write_half));
    co_await again.write_all(bytes_of("x"));
    std::byte buffer[1];
    require(co_await pair.server.read(buffer) == 1, "the stream was ended");
    auto one = again.into_split();
    auto other = pair.server.into_split();
    std::int32_t code = 0;
    try {
      FdStream::reunite(std::move(one.first), std::move(other.second));
    } catch (const Error& error) {
      code = error.code();
    }
    require(code == EKD_E_INVALID, "two streams became one");
  });
}

TEST_CASE("copy counts what went through", "[sdk][io][copy]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    constexpr std::size_t kBytes = 200'000;
    TcpPair in = co_await tcp_pair();
    TcpPair out = co_await tcp_pair();
    auto writer = spawn([&]() -> Task<> {
      co_await write_all(in.client, pattern(kBytes));
      in.client.shutdown();
    });
    auto reader = spawn([&] { return drain(out.server, 5000); });
    BufWriter buffered(out.client, 100'000);
    require(co_await copy(in.server, buffered) == kBytes, "the count is wrong");
    require(buffered.pending() == 0, "it was not flushed");
    out.client.shutdown();
    require(co_await reader == kBytes, "bytes are lost");
    co_await writer;
  });
}

TEST_CASE("a two-way copy carries both ways, also past a slow side and a half-close",
          "[sdk][io][copy]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr std::size_t kThere = 300'000;
    constexpr std::size_t kBack = 100'000;
    UnixPair left = unix_pair();
    UnixPair right = unix_pair();
    for (UnixStream* stream : {&left.client, &left.server, &right.client, &right.server})
      shrink_buffers(*stream);
    auto proxy = spawn([&] { return copy_bidirectional(left.server, right.client); });
    auto there = spawn([&]() -> Task<> {
      co_await write_all(left.client, pattern(kThere));
      left.client.shutdown();
    });
    // It answers only when it has heard the end, through the proxy.
    auto far = spawn([&]() -> Task<> {
      require(co_await drain(right.server, 300, true) == kThere, "bytes are lost there");
      co_await write_all(right.server, pattern(kBack));
      right.server.shutdown();
    });
    require(co_await drain(left.client, 500, true) == kBack, "bytes are lost back");
    const CopyCounts counts = co_await proxy;
    require(counts.a_to_b == kThere && counts.b_to_a == kBack, "the counts are wrong");
    co_await there;
    co_await far;
  });
}

TEST_CASE("a two-way copy ends with the first error", "[sdk][io][copy]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    TcpPair left = co_await tcp_pair();
    TcpPair right = co_await tcp_pair();
    CopyCounts counts;
    auto proxy = spawn([&] { return copy_bidirectional(left.server, right.client, &counts); });
    co_await left.client.write_all(bytes_of("hello"));
    std::byte buffer[5];
    co_await right.server.read_exact(buffer);
    reset_on_close(left.client);
    left.client.close();
    int os_errno = 0;
    try {
      co_await proxy;
    } catch (const Error& error) {
      os_errno = error.os_errno();
    }
    require(os_errno == ECONNRESET, "the reset was not told");
    require(counts.a_to_b == 5, "the count is lost");
  });
}

}  // namespace ekiden::test
