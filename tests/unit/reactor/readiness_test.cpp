#include "runtime/reactor/readiness.hpp"

#include <catch2/catch.hpp>

namespace ekiden::runtime {

namespace {

using Clear = ReadinessWord::Clear;

}  // namespace

TEST_CASE("a readiness value keeps its parts apart") {
  const Readiness value(0xFFFFFFFF, Readiness::kTickMask, kAllReady);
  CHECK(value.generation() == 0xFFFFFFFF);
  CHECK(value.tick() == Readiness::kTickMask);
  CHECK(value.facts() == kAllReady);
  CHECK(Readiness(1, Readiness::kTickMask + 1, kReadable) == Readiness(1, 0, kReadable));
  CHECK(Readiness(value.bits()) == value);
}

TEST_CASE("which facts let a direction get on") {
  struct Row {
    ReadySet facts;
    bool read;
    bool write;
  };
  const Row rows[] = {
      {ReadySet{}, false, false}, {kReadable, true, false},    {kWritable, false, true},
      {kReadClosed, true, false}, {kWriteClosed, false, true}, {kError, true, true},
      {kAllReady, true, true},
  };
  for (const Row& row : rows) {
    const Readiness value(1, 0, row.facts);
    CAPTURE(static_cast<int>(row.facts.bits()));
    CHECK(value.is_ready_for(Interest::kRead) == row.read);
    CHECK(value.is_ready_for(Interest::kWrite) == row.write);
  }
}

TEST_CASE("an event adds facts and moves the tick") {
  ReadinessWord word;
  word.open(5, kWritable);
  CHECK(word.load() == Readiness(5, 0, kWritable));
  REQUIRE(word.set(5, kReadable));
  CHECK(word.load() == Readiness(5, 1, kReadable | kWritable));
  REQUIRE(word.set(5, kReadable));
  CHECK(word.load().tick() == 2);
}

TEST_CASE("a clear takes away what it names, and nothing that came after the look") {
  ReadinessWord word;
  word.open(5, kReadable | kWritable);
  const Readiness before = word.load();
  CHECK(word.clear(before, kReadable) == Clear::kCleared);
  CHECK(word.load().facts() == kWritable);
  // The other direction's clear at the same tick is still good.
  CHECK(word.clear(before, kWritable) == Clear::kCleared);

  const Readiness look = word.load();
  REQUIRE(word.set(5, kReadable));
  CHECK(word.clear(look, kReadable) == Clear::kNewer);
  CHECK(word.load().facts() == kReadable);
  CHECK(word.clear(word.load(), kReadable) == Clear::kCleared);
  CHECK(word.load().facts().empty());
}

TEST_CASE("events and clears of an older generation touch nothing") {
  ReadinessWord word;
  CHECK_FALSE(word.set(5, kReadable));
  word.open(5, kReadable);
  const Readiness old = word.load();
  word.open(6, kReadable);
  CHECK_FALSE(word.set(5, kError));
  CHECK(word.clear(old, kReadable) == Clear::kStale);
  CHECK(word.load() == Readiness(6, 0, kReadable));
}

TEST_CASE("the tick wraps without touching its neighbours") {
  ReadinessWord word;
  word.open(0xFFFFFFFF, ReadySet{});
  for (std::uint32_t i = 0; i <= Readiness::kTickMask; ++i) {
    static_cast<void>(word.set(0xFFFFFFFF, kWritable));
  }
  CHECK(word.load() == Readiness(0xFFFFFFFF, 0, kWritable));
}

}  // namespace ekiden::runtime
