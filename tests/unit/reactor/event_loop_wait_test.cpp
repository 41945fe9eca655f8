// Sleeping and being woken: interrupts, the deadline, and the lack of any other reason.
#include <sys/syscall.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

Nanos now() { return SystemClock::instance().now_ns(); }

// One blocking turn on a thread of its own.
class BlockedTurn {
 public:
  explicit BlockedTurn(EventLoop& loop)
      : thread_([this, &loop] {
          thread_id_ = static_cast<int>(syscall(SYS_gettid));
          turn_ = loop.turn(sink_, Wait::kBlock, 64);
          done_ = true;
        }) {}
  ~BlockedTurn() {
    if (thread_.joinable()) thread_.join();
  }

  bool is_done() const { return done_; }
  // True once the kernel says that the thread sleeps.
  bool wait_until_asleep() {
    return eventually([&] { return thread_id_ != 0 && state() == 'S'; });
  }
  EventLoop::Turn join() {
    thread_.join();
    return turn_;
  }
  std::size_t reports() const { return sink_.reports.size(); }
  long switches() const { return field("voluntary_ctxt_switches:"); }

 private:
  std::string status_path() const {
    return "/proc/self/task/" + std::to_string(thread_id_) + "/status";
  }
  char state() const {
    std::ifstream file(status_path());
    for (std::string word; file >> word;) {
      if (word == "State:" && file >> word) return word[0];
    }
    return '?';
  }
  long field(const std::string& name) const {
    std::ifstream file(status_path());
    long value = -1;
    for (std::string word; file >> word;) {
      if (word == name) file >> value;
    }
    return value;
  }

  std::atomic<int> thread_id_{0};
  std::atomic<bool> done_{false};
  RecordingSink sink_;
  EventLoop::Turn turn_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("an interrupt makes a blocked turn return") {
  const auto loop = EventLoop::create();
  for (int round = 0; round < 50; ++round) {
    BlockedTurn turn(*loop);
    if (round % 2 == 0) REQUIRE(turn.wait_until_asleep());
    loop->interrupt();
    const EventLoop::Turn result = turn.join();
    CHECK(result.interrupted);
    CHECK(result.reports == 0);
    CHECK_FALSE(result.deadline_passed);
  }
}

TEST_CASE("an interrupt is sticky, many are one, and only a turn that may block takes it") {
  const auto loop = EventLoop::create();
  RecordingSink sink;
  for (int i = 0; i < 1000; ++i)
    loop->interrupt();
  CHECK_FALSE(loop->turn(sink, Wait::kNoWait, 64).interrupted);
  CHECK(loop->turn(sink, Wait::kBlock, 64).interrupted);
  // None is left over: a deadline ends the next one.
  loop->arm(now() + kNanosPerMilli);
  const EventLoop::Turn next = loop->turn(sink, Wait::kBlock, 64);
  CHECK_FALSE(next.interrupted);
  CHECK(next.deadline_passed);
}

TEST_CASE("an interrupted turn still reports what is there") {
  const auto loop = EventLoop::create();
  Pair pipe = make_pipe();
  const auto added = loop->add(pipe.near.get(), 9);
  REQUIRE(added.error == 0);
  pipe.near.give();
  REQUIRE(loop->watch(added.registration, Interest::kRead));
  send_text(pipe.far, "x");
  loop->interrupt();
  RecordingSink sink;
  const EventLoop::Turn turn = loop->turn(sink, Wait::kBlock, 64);
  CHECK(turn.interrupted);
  CHECK(turn.reports == 1);
}

TEST_CASE(
    "a blocked turn returns at the deadline, not before and without rounding to milliseconds") {
  const auto loop = EventLoop::create();
  RecordingSink sink;
  Nanos least_late = kNever;
  for (int round = 0; round < 40; ++round) {
    const Nanos deadline = now() + 300 * kNanosPerMicro;
    loop->arm(deadline);
    const EventLoop::Turn turn = loop->turn(sink, Wait::kBlock, 64);
    REQUIRE(turn.deadline_passed);
    const Nanos after = now();
    REQUIRE(after >= deadline);
    least_late = std::min(least_late, after - deadline);
  }
  // The best of many rounds says how fine the clock is; a busy machine only spoils some of them.
  CHECK(least_late < kNanosPerMilli);
}

TEST_CASE("deadlines: in the past, zero, moved and taken back") {
  const auto loop = EventLoop::create();
  RecordingSink sink;
  for (const Nanos past : {Nanos{0}, Nanos{1}, now() - 1}) {
    loop->arm(past);
    CHECK(loop->turn(sink, Wait::kBlock, 64).deadline_passed);
  }
  loop->arm(now() + 3600 * kNanosPerSecond);
  loop->arm(now() + kNanosPerMilli);
  CHECK(loop->turn(sink, Wait::kBlock, 64).deadline_passed);

  loop->arm(now() + 3600 * kNanosPerSecond);
  loop->arm_no_later_than(now() + kNanosPerMilli);
  loop->arm_no_later_than(now() + 3600 * kNanosPerSecond);
  CHECK(loop->turn(sink, Wait::kBlock, 64).deadline_passed);

  loop->arm(now());
  loop->arm(kNever);
  loop->interrupt();
  CHECK_FALSE(loop->turn(sink, Wait::kBlock, 64).deadline_passed);
}

TEST_CASE("a deadline that is armed while the turn is blocked ends it") {
  const auto loop = EventLoop::create();
  BlockedTurn turn(*loop);
  REQUIRE(turn.wait_until_asleep());
  loop->arm(now() + kNanosPerMilli);
  CHECK(turn.join().deadline_passed);
}

TEST_CASE("closing under a blocked turn neither wakes it for nothing nor loses it") {
  const auto loop = EventLoop::create();
  Pair closed = make_pipe();
  Pair kept = make_pipe();
  const auto doomed = loop->add(closed.near.get(), 1).registration;
  closed.near.give();
  const auto staying = loop->add(kept.near.get(), 2).registration;
  kept.near.give();
  REQUIRE(loop->watch(doomed, Interest::kRead));
  REQUIRE(loop->watch(staying, Interest::kRead));
  BlockedTurn turn(*loop);
  REQUIRE(turn.wait_until_asleep());
  REQUIRE(loop->remove(doomed));
  REQUIRE(turn.wait_until_asleep());
  CHECK_FALSE(turn.is_done());
  send_text(kept.far, "x");
  CHECK(turn.join().reports == 1);
}

TEST_CASE("a descriptor that is watched while the turn is blocked ends it") {
  const auto loop = EventLoop::create();
  BlockedTurn turn(*loop);
  REQUIRE(turn.wait_until_asleep());
  Pair pipe = make_pipe();
  send_text(pipe.far, "x");
  const auto added = loop->add(pipe.near.get(), 1);
  pipe.near.give();
  REQUIRE(loop->watch(added.registration, Interest::kRead));
  CHECK(turn.join().reports == 1);
}

TEST_CASE("an idle turn sleeps without a single wake-up") {
  const auto loop = EventLoop::create();
  BlockedTurn turn(*loop);
  REQUIRE(turn.wait_until_asleep());
  // On a busy machine the thread may have been seen asleep on its way there. What wakes up every
  // second does so each time.
  bool stayed = false;
  for (int i = 0; i < 4 && !stayed; ++i) {
    const long before = turn.switches();
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    stayed = turn.switches() == before;
  }
  CHECK(stayed);
  loop->interrupt();
  CHECK(turn.join().interrupted);
}

TEST_CASE("interrupts from many threads are never lost") {
  for (const int threads : {1, 2, 4, 8}) {
    const auto loop = EventLoop::create();
    constexpr int kRounds = 300;
    // Each thread hands over a token and interrupts; the turning thread must see every token
    // without any other reason to wake up.
    std::atomic<int> posted{0};
    std::vector<std::thread> posters;
    for (int i = 0; i < threads; ++i) {
      posters.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          posted.fetch_add(1);
          loop->interrupt();
          if (round % 16 == 0) std::this_thread::yield();
        }
      });
    }
    RecordingSink sink;
    int seen = 0;
    while (seen < threads * kRounds) {
      loop->turn(sink, Wait::kBlock, 64);
      seen = posted.load();
    }
    for (std::thread& poster : posters)
      poster.join();
    CHECK(seen == threads * kRounds);
  }
}

}  // namespace ekiden::runtime::test
