// Following: waits that begin after the descriptor was found empty, time after time.
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "runtime/base/clock.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

struct Followed {
  Pair pair;
  int number = -1;
  EventLoop::Registration registration;
};

class CountingSink final : public EventSink {
 public:
  void on_ready(std::uint64_t token, ReadySet) noexcept override { ++reports[token]; }
  std::map<std::uint64_t, int> reports;
};

Followed follow_socket(EventLoop& loop, std::uint64_t token) {
  Followed followed{make_socket_pair(), -1, {}};
  followed.number = followed.pair.near.get();
  const EventLoop::Added added = loop.add(followed.number, token);
  if (added.error != 0) std::abort();
  followed.pair.near.give();
  followed.registration = added.registration;
  if (!loop.follow(followed.registration, Interest::kRead)) std::abort();
  return followed;
}

// A read that is short: nothing is left, or so it seems.
std::string read_some(const Followed& followed) {
  char data[64];
  const ssize_t got = ::read(followed.number, data, sizeof data);
  return got > 0 ? std::string(data, static_cast<std::size_t>(got)) : "";
}

}  // namespace

TEST_CASE("a followed descriptor is reported for what comes after each wait") {
  const auto loop = EventLoop::create();
  const Followed followed = follow_socket(*loop, 42);
  RecordingSink sink;
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    send_text(followed.pair.far, "x");
    CHECK(eventually([&] {
      loop->turn(sink, Wait::kNoWait, 64);
      return !sink.reports.empty();
    }));
    CHECK(sink.reports.front() == RecordingSink::Report{42, kReadable});
    REQUIRE(read_some(followed) == "x");
    REQUIRE(loop->follow(followed.registration, Interest::kRead));
    sink.reports.clear();
  }
}

TEST_CASE("what is ready when a descriptor is first followed is reported") {
  const auto loop = EventLoop::create();
  Pair pair = make_socket_pair();
  const EventLoop::Added added = loop->add(pair.near.get(), 42);
  pair.near.give();
  RecordingSink sink;
  send_text(pair.far, "x");
  loop->turn(sink, Wait::kNoWait, 64);
  CHECK(sink.reports.empty());  // nobody waits
  REQUIRE(loop->follow(added.registration, Interest::kRead));
  REQUIRE(loop->follow(added.registration, Interest::kWrite));
  loop->turn(sink, Wait::kNoWait, 64);
  CHECK(std::count(sink.reports.begin(), sink.reports.end(),
                   RecordingSink::Report{42, kReadable}) == 1);
  CHECK(std::count(sink.reports.begin(), sink.reports.end(),
                   RecordingSink::Report{42, kWritable}) == 1);
}

// One edge stands for both, and it is over when the wait begins.
TEST_CASE("an end of the stream that came with the last data is reported to who waits again") {
  const auto loop = EventLoop::create();
  const int count = GENERATE(1, 8, 9, 100);
  const Wait wait = GENERATE(Wait::kNoWait, Wait::kGlance, Wait::kBlock);
  CAPTURE(count, static_cast<int>(wait));
  std::vector<Followed> all;
  for (int i = 0; i < count; ++i)
    all.push_back(follow_socket(*loop, static_cast<std::uint64_t>(i)));
  CountingSink sink;
  loop->turn(sink, Wait::kNoWait, 1000);
  REQUIRE(sink.reports.empty());
  for (Followed& followed : all) {
    send_text(followed.pair.far, "last");
    followed.pair.far.close();
  }
  loop->turn(sink, Wait::kNoWait, 1000);
  REQUIRE(sink.reports.size() == all.size());
  sink.reports.clear();
  for (Followed& followed : all) {
    REQUIRE(read_some(followed) == "last");
    REQUIRE(loop->follow(followed.registration, Interest::kRead));
  }
  loop->arm(SystemClock::instance().now_ns() + 30 * kNanosPerSecond);
  CHECK(eventually([&] {
    return loop->turn(sink, wait, 1000).deadline_passed || sink.reports.size() == all.size();
  }));
  CHECK(sink.reports.size() == all.size());
}

TEST_CASE("who follows while a turn is blocked hears of an end that came before") {
  const auto loop = EventLoop::create();
  class Sink final : public EventSink {
   public:
    void on_ready(std::uint64_t, ReadySet) noexcept override { ++reports; }
    std::atomic<int> reports{0};
  } sink;
  Followed followed = follow_socket(*loop, 1);
  std::atomic<bool> stop{false};
  std::thread holder([&] {
    while (!stop)
      loop->turn(sink, Wait::kBlock, 64);
  });
  send_text(followed.pair.far, "last");
  followed.pair.far.close();
  CHECK(eventually([&] { return sink.reports > 0; }));
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it sleeps again
    read_some(followed);
    const int before = sink.reports;
    CHECK(loop->follow(followed.registration, Interest::kRead));
    CHECK(eventually([&] { return sink.reports > before; }));
  }
  stop = true;
  loop->interrupt();
  holder.join();
}

TEST_CASE("a followed descriptor that goes is reported no more, and its entry serves the next") {
  const auto loop = EventLoop::create();
  RecordingSink sink;
  for (int round = 0; round < 20; ++round) {
    Followed followed = follow_socket(*loop, static_cast<std::uint64_t>(round));
    send_text(followed.pair.far, "x");
    if (round % 2 == 0) loop->turn(sink, Wait::kNoWait, 64);
    // Asked for again, so that it may be among those to be looked at.
    REQUIRE(loop->follow(followed.registration, Interest::kRead));
    sink.reports.clear();
    REQUIRE(loop->remove(followed.registration));
    CHECK_FALSE(loop->follow(followed.registration, Interest::kRead));
    loop->turn(sink, Wait::kNoWait, 64);
    CHECK(sink.reports.empty());
  }
}

}  // namespace ekiden::runtime::test
