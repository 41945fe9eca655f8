// The clock that a test turns, and what counts as idle.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "tests/unit/testing/spawned.hpp"

using namespace std::chrono_literals;
using namespace ekiden::testing;
using ekiden::testing::test::Tasks;

namespace {

constexpr std::uint64_t kSecond = EKD_NS_PER_S;

Options with_workers(unsigned workers) {
  Options options;
  options.workers = workers;
  return options;
}

// What happened, and when by cx->now_ns. Any thread.
class Journal {
 public:
  struct Entry {
    std::string what;
    std::uint64_t at;
    bool operator==(const Entry&) const = default;
  };
  void note(std::string what, std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    entries_.push_back({std::move(what), at});
  }
  std::vector<Entry> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

std::ostream& operator<<(std::ostream& out, const Journal::Entry& entry) {
  return out << entry.what << "@" << entry.at;
}

}  // namespace

TEST_CASE("an hour passes when the test says so, and to the nanosecond") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  Journal journal;
  const std::uint64_t begin = harness.now_ns();
  tasks.at(tasks.type("sleeper"), begin + 3600 * kSecond, [&](ekd_cx& cx) {
    journal.note("awake", cx.now_ns);
    return 0;
  });
  harness.advance(1h - 1ns);
  CHECK(journal.entries().empty());
  CHECK(plugin.tasks().at(0).waits_on == "timer");
  CHECK(harness.now_ns() == begin + 3600 * kSecond - 1);
  harness.advance(1ns);
  CHECK(journal.entries() == std::vector<Journal::Entry>{{"awake", begin + 3600 * kSecond}});
  CHECK(plugin.unload().clean());
}

TEST_CASE("timers fire in the order of their deadlines, each at its own") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  Journal journal;
  const auto type = tasks.type("sleeper");
  const std::uint64_t begin = harness.now_ns();
  const auto note_at = [&](std::string name, std::uint64_t at) {
    tasks.at(type, at, [&journal, name](ekd_cx& cx) {
      journal.note(name, cx.now_ns);
      return 0;
    });
  };
  // Two are nearer to each other than a tick of the runtime's wheels.
  note_at("third", begin + 2 * kSecond);
  note_at("second", begin + 1001);
  note_at("first", begin + 1000);
  harness.advance(1h);
  const std::vector<Journal::Entry> expected{
      {"first", begin + 1000}, {"second", begin + 1001}, {"third", begin + 2 * kSecond}};
  CHECK(journal.entries() == expected);
  CHECK(harness.now_ns() == begin + 3600 * kSecond);
}

TEST_CASE("a periodic timer fires ten times in ten periods") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  std::atomic<int> ticks{0};
  // The period is no multiple of anything.
  constexpr std::uint64_t kPeriod = 1'234'567'891;
  tasks.at(tasks.type("ticker"), harness.now_ns() + kPeriod, [&](ekd_cx& cx) {
    ticks++;
    return cx.now_ns + kPeriod;
  });
  harness.advance(std::chrono::nanoseconds(10 * kPeriod));
  CHECK(ticks == 10);
  harness.advance(std::chrono::nanoseconds(kPeriod - 1));
  CHECK(ticks == 10);
  harness.advance(1ns);
  CHECK(ticks == 11);
}

TEST_CASE("what a timer makes runnable has run before the clock goes on") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  Journal journal;
  const auto type = tasks.type("chain");
  const std::uint64_t begin = harness.now_ns();
  // At each second a task that spawns a chain of others; the last of these arms a timer for half a
  // second later.
  std::function<void(std::uint64_t, int)> chain = [&](std::uint64_t now, int left) {
    if (left == 0) {
      tasks.at(type, now + kSecond / 2, [&](ekd_cx& cx) {
        journal.note("late", cx.now_ns - begin);
        return 0;
      });
      return;
    }
    tasks.spawn(type, [&, left](ekd_cx& cx) {
      chain(cx.now_ns, left - 1);
      return EKD_READY;
    });
  };
  int seconds = 0;
  tasks.at(type, begin + kSecond, [&](ekd_cx& cx) -> std::uint64_t {
    journal.note("second", cx.now_ns - begin);
    chain(cx.now_ns, 100);
    return ++seconds < 3 ? cx.now_ns + kSecond : 0;
  });
  harness.advance(10s);
  const std::vector<Journal::Entry> expected{{"second", kSecond},     {"late", 3 * kSecond / 2},
                                             {"second", 2 * kSecond}, {"late", 5 * kSecond / 2},
                                             {"second", 3 * kSecond}, {"late", 7 * kSecond / 2}};
  CHECK(journal.entries() == expected);
}

TEST_CASE("a timer that is armed in the past fires without the clock's moving") {
  Harness harness;
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  std::atomic<bool> fired{false};
  const std::uint64_t begin = harness.now_ns();
  ekd_timer timer = 0;
  REQUIRE(tasks.services().time->create(tasks.ctx(), &timer) == EKD_OK);
  REQUIRE(tasks.services().time->arm(tasks.ctx(), timer, begin + kSecond) == EKD_OK);
  tasks.spawn(tasks.type("sleeper"), [&, polled = false](ekd_cx& cx) mutable -> std::int32_t {
    const auto& time = *tasks.services().time;
    const auto code = time.poll(tasks.ctx(), timer, cx.waker);
    // Armed anew behind the poll, so that only the timer can wake it.
    if (!std::exchange(polled, true)) time.arm(tasks.ctx(), timer, begin - kSecond);
    if (code != EKD_READY) return EKD_PENDING;
    time.close(tasks.ctx(), timer);
    fired = true;
    return EKD_READY;
  });
  harness.run_until_idle();
  CHECK(fired);
  CHECK(harness.now_ns() == begin);
}

TEST_CASE("a clock that is turned is moved to what is waited for") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  std::atomic<int> days{0};
  const std::uint64_t begin = harness.now_ns();
  tasks.at(tasks.type("calendar"), begin + 86'400 * kSecond, [&](ekd_cx& cx) {
    days++;
    return cx.now_ns + 86'400 * kSecond;
  });
  CHECK(harness.run_until([&] { return days == 365; }));
  CHECK(harness.now_ns() == begin + 365 * 86'400 * kSecond);
}

TEST_CASE("many timers and many workers: each fires once, and at its deadline") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Harness harness(with_workers(workers));
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  const auto type = tasks.type("sleeper");
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  const std::uint64_t begin = harness.now_ns();
  for (std::uint64_t i = 0; i < 1000; i++) {
    // A hundred instants, ten timers each.
    const std::uint64_t at = begin + (i * 7919 % 100 + 1) * 10'007;
    tasks.at(type, at, [&, at](ekd_cx& cx) {
      (cx.now_ns == at ? right : wrong)++;
      return 0;
    });
  }
  harness.advance(1s);
  CHECK(right == 1000);
  CHECK(wrong == 0);
  CHECK(plugin.holdings().timers == 0);
}

TEST_CASE("the system's clock moves by itself, and cannot be turned") {
  Options options;
  options.manual_clock = false;
  Harness harness(options);
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  std::atomic<bool> fired{false};
  tasks.at(tasks.type("sleeper"), harness.now_ns() + 5 * EKD_NS_PER_MS, [&](ekd_cx&) {
    fired = true;
    return 0;
  });
  CHECK(harness.eventually([&] { return fired.load(); }));
  CHECK_THROWS_WITH(harness.advance(1s), Catch::Contains("Options::manual_clock"));
  CHECK_THROWS_AS(harness.run_until([] { return true; }), Error);
  harness.run_until_idle();
}

TEST_CASE("what does not become idle is named when the patience is over") {
  Options options;
  options.patience = 300ms;
  Harness harness(options);
  auto plugin = harness.open("busy");
  Tasks tasks(harness, plugin);
  std::atomic<bool> over{false};
  SECTION("a task that is always runnable") {
    tasks.spawn(tasks.type("spinner"), [&](ekd_cx&) { return over ? EKD_READY : EKD_YIELD; });
    CHECK_THROWS_WITH(harness.run_until_idle(), Catch::Contains("not idle within 300 ms"));
  }
  SECTION("a poll that does not return") {
    tasks.spawn(tasks.type("blocker"), [&](ekd_cx&) {
      over.wait(false);
      return EKD_READY;
    });
    CHECK_THROWS_WITH(harness.run_until_idle(),
                      Catch::Contains("'busy'") && Catch::Contains("task type blocker"));
  }
  over = true;
  over.notify_all();
  CHECK(harness.eventually([&] { return plugin.tasks().empty(); }, 30s));
}
