// BufReader and BufWriter, over sockets and over streams of the tests' own.
#include <ekiden/sdk/io.hpp>

#include <algorithm>
#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// Gives out a text in pieces of a few bytes, each after others have run.
struct SlowText {
  std::string_view rest;
  std::size_t piece;

  Task<std::size_t> read(std::span<std::byte> into) {
    co_await yield();
    const std::size_t count = std::min({piece, into.size(), rest.size()});
    std::copy_n(bytes_of(rest).begin(), count, into.begin());
    rest.remove_prefix(count);
    co_return count;
  }
};

// Takes a few bytes at a time.
struct SlowSink {
  std::string taken{};
  std::size_t piece = 3;
  int writes = 0;
  int flushes = 0;
  bool ended = false;

  Task<std::size_t> write(std::span<const std::byte> from) {
    co_await yield();
    ++writes;
    const std::size_t count = std::min(piece, from.size());
    taken += text_of(from.first(count));
    co_return count;
  }
  Task<> flush() {
    ++flushes;
    co_return;
  }
  Task<> shutdown() {
    co_await yield();
    ended = true;
  }
};

static_assert(Readable<SlowText> && !Writable<SlowText>);
static_assert(Writable<SlowSink> && !Readable<SlowSink>);
static_assert(Stream<TcpStream> && Stream<UnixStream> && Stream<FdStream>);
static_assert(Readable<ReadHalf> && !Writable<ReadHalf>);
static_assert(Writable<const WriteHalf> && !Readable<WriteHalf>);
static_assert(Readable<BufReader<TcpStream>> && Writable<BufWriter<TcpStream&>>);

}  // namespace

TEST_CASE("lines come out as they went in, in pieces of any size", "[sdk][io][buffer]") {
  World world;
  const std::size_t piece = GENERATE(1u, 2u, 3u, 7u, 100u);
  const std::size_t capacity = GENERATE(1u, 4u, 8192u);
  world.run([&]() -> Task<> {
    SlowText text{"one\n\ntwo\r\nthree\r\n\r\nno end", piece};
    BufReader reader(text, capacity);
    for (const char* expected : {"one", "", "two", "three", "", "no end"}) {
      const auto line = co_await reader.read_line(100);
      require(line && *line == expected, "another line");
    }
    require(!co_await reader.read_line(100), "a line behind the end");
    require(!co_await reader.read_line(100), "a line behind the end, later");
  });
}

TEST_CASE("read_until keeps to its limit, and keeps what it refused", "[sdk][io][buffer]") {
  World world;
  const std::size_t capacity = GENERATE(1u, 4u, 8192u);
  world.run([&]() -> Task<> {
    BufReader reader(SlowText{"abc;defgh;ij", 5}, capacity);
    require(text_of(co_await reader.read_until(std::byte{';'}, 4)) == "abc;", "the first");
    std::int32_t code = 0;
    try {
      co_await reader.read_until(std::byte{';'}, 5);
    } catch (const Error& error) {
      code = error.code();
    }
    require(code == EKD_E_TOO_BIG, "the limit does not hold");
    require(text_of(co_await reader.read_until(std::byte{';'}, 6)) == "defgh;", "the second");
    require(text_of(co_await reader.read_until(std::byte{';'}, 6)) == "ij", "the rest");
    require((co_await reader.read_until(std::byte{';'}, 6)).empty(), "behind the end");
  });
}

TEST_CASE("a buffered reader gives out what it has, then reads", "[sdk][io][buffer]") {
  World world;
  world.run([]() -> Task<> {
    BufReader reader(SlowText{"0123456789abcdef", 6}, 8);
    std::byte small[4];
    require(co_await reader.read(small) == 4, "a small read");
    require(text_of(reader.buffered()) == "45", "what is left");
    require(co_await reader.read(small) == 2, "it read although it had something");
    std::byte large[20];
    require(co_await reader.read(large) == 6, "a large read");
    require(reader.buffered().empty(), "a large read went through the buffer");
    const std::size_t filled = co_await reader.fill();
    require(filled == 4, "fill");
    require(text_of(reader.buffered()) == "cdef", "what it was filled with");
    reader.consume(1);
    require(text_of(co_await read_to_end(reader, 10)) == "def", "the rest");
    require(co_await reader.fill() == 0, "no end");
  });
}

TEST_CASE("a line that is cut by a timeout is read whole later", "[sdk][io][buffer][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    constexpr int kLines = 50;
    TcpPair pair = co_await tcp_pair();
    auto writer = spawn([&]() -> Task<> {
      for (int i = 0; i < kLines; ++i) {
        const std::string line = "line " + std::to_string(i) + "\n";
        co_await pair.client.write_all(bytes_of(line).first(3));
        co_await sleep(200us);
        co_await pair.client.write_all(bytes_of(line).subspan(3));
      }
      pair.client.shutdown();
    });
    BufReader reader(std::move(pair.server));
    for (int i = 0; i < kLines;) {
      const auto line = co_await timeout(100us, reader.read_line(100));
      if (!line) continue;
      require(*line && **line == "line " + std::to_string(i), "bytes are lost");
      ++i;
    }
    require(!co_await reader.read_line(100), "no end");
    co_await writer;
  });
}

TEST_CASE("a buffered writer hands on large pieces", "[sdk][io][buffer]") {
  World world;
  world.run([]() -> Task<> {
    SlowSink sink;
    sink.piece = 100;
    BufWriter writer(sink, 8);
    co_await write_all(writer, bytes_of("abc"));
    co_await write_all(writer, bytes_of("defgh"));
    require(sink.writes == 0 && writer.pending() == 8, "it does not collect");
    co_await write_all(writer, bytes_of("i"));
    require(sink.taken == "abcdefgh" && writer.pending() == 1, "it did not make room");
    co_await write_all(writer, bytes_of("longer than eight"));
    require(sink.writes == 3 && writer.pending() == 0, "a large one was copied");
    co_await write_all(writer, bytes_of("z"));
    co_await writer.shutdown();
    require(sink.taken == "abcdefghilonger than eightz", "other bytes");
    require(sink.ended && sink.flushes > 0, "it was not ended");
  });
}

TEST_CASE("a flush that is cut goes on where it was", "[sdk][io][buffer][cancel]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    for (unsigned wakes = 0; wakes < 12; ++wakes) {
      SlowSink sink;
      BufWriter writer(sink, 64);
      co_await write_all(writer, bytes_of("0123456789abcdefghij"));
      const bool ended = co_await cut_after(wakes, writer.flush());
      require(ended == (writer.pending() == 0), "it ended early or late");
      co_await writer.flush();
      require(sink.taken == "0123456789abcdefghij", "bytes are lost or twice there");
    }
  });
}

TEST_CASE("the free functions serve streams of the plugin's own", "[sdk][io][stream]") {
  World world;
  world.run([]() -> Task<> {
    SlowText text{"0123456789", 3};
    std::byte buffer[7];
    std::size_t done = 0;
    co_await read_exact(text, buffer, &done);
    require(done == 7 && text_of(buffer) == "0123456", "read_exact");
    bool closed = false;
    try {
      co_await read_exact(text, buffer, &done);
    } catch (const Closed&) {
      closed = true;
    }
    require(closed && done == 3, "the early end was not told");
    SlowSink sink;
    const std::span<const std::byte> slices[] = {{}, bytes_of("ab"), {}, bytes_of("cdefg"), {}};
    co_await write_all_vectored(sink, slices, &done);
    require(done == 7 && sink.taken == "abcdefg", "write_all_vectored");
    SlowText more{"hijk", 3};
    std::uint64_t count = 0;
    require(co_await copy(more, sink, &count) == 4 && count == 4, "copy");
    require(sink.taken == "abcdefghijk" && sink.flushes == 1, "copy's bytes");
  });
}

}  // namespace ekiden::test
