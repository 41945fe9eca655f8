// Deadlines: in their order, cancelled ones never, and no thread awake for nothing.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <vector>

#include "daemon/plugins/answer.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {

using runtime::kNanosPerMilli;
using runtime::kNanosPerSecond;

TEST_CASE("Work runs in the order of its deadlines, not before them") {
  std::mutex mutex;
  std::vector<int> order;
  bool early = false;
  DeadlineThread deadlines;
  const runtime::Nanos start_ns = steady_now_ns();
  const auto add = [&](int number, runtime::Nanos after_ns) {
    deadlines.at(start_ns + after_ns, [&, number, after_ns] {
      const std::lock_guard lock(mutex);
      order.push_back(number);
      early = early || steady_now_ns() < start_ns + after_ns;
    });
  };
  add(3, 30 * kNanosPerMilli);
  add(1, 10 * kNanosPerMilli);
  add(2, 20 * kNanosPerMilli);
  CHECK(test::wait_until([&] {
    const std::lock_guard lock(mutex);
    return order.size() == 3;
  }));
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK_FALSE(early);
}

TEST_CASE("A cancelled entry does not run, and one that never comes is none") {
  std::atomic<int> ran{0};
  {
    DeadlineThread deadlines;
    deadlines.cancel(deadlines.at(steady_now_ns() + kNanosPerSecond, [&] { ran++; }));
    deadlines.cancel({});
    CHECK(deadlines.at(runtime::kNever, [&] { ran++; }) == DeadlineThread::Key{});
    deadlines.at(steady_now_ns() + 3600 * kNanosPerSecond, [&] { ran++; });
  }
  CHECK(ran == 0);
}

TEST_CASE("What is posted runs also at the very end") {
  std::atomic<int> ran{0};
  {
    DeadlineThread deadlines;
    for (int i = 0; i < 10; i++)
      deadlines.post([&] { ran++; });
  }
  CHECK(ran == 10);
}

TEST_CASE("An answer is given once, by whoever is first") {
  DeadlineThread deadlines;
  std::atomic<int> answers{0};
  std::atomic<bool> timed_out{false};
  const auto make = [&] {
    return std::make_shared<Answer>(
        [&](PluginResult result) {
          answers++;
          timed_out = result.outcome == Outcome::kTimedOut;
        },
        deadlines);
  };
  SECTION("by the work") {
    const auto answer = make();
    answer->set_deadline(steady_now_ns() + 3600 * kNanosPerSecond, [answer] {
      answer->give({Outcome::kTimedOut, {}, {}});
    });
    CHECK_FALSE(answer->is_given());
    answer->give({Outcome::kOk, {}, {}});
    answer->give({Outcome::kTimedOut, {}, {}});
    CHECK(answer->is_given());
    CHECK_FALSE(timed_out);
  }
  SECTION("by the deadline") {
    const auto answer = make();
    answer->set_deadline(steady_now_ns() + kNanosPerMilli, [answer] {
      answer->give({Outcome::kTimedOut, {}, {}});
    });
    CHECK(test::wait_until([&] { return answer->is_given(); }));
    answer->give({Outcome::kOk, {}, {}});
    CHECK(test::wait_until([&] { return answers.load() == 1; }));
    CHECK(timed_out);
  }
  SECTION("before the deadline is set") {
    const auto answer = make();
    answer->give({Outcome::kOk, {}, {}});
    answer->set_deadline(steady_now_ns() + 3600 * kNanosPerSecond, [answer] {
      answer->give({Outcome::kTimedOut, {}, {}});
    });
    // Nothing is left that would keep the answer alive until then.
    CHECK(test::wait_until([&] { return answer.use_count() == 1; }));
  }
  CHECK(answers == 1);
}

}  // namespace ekiden::daemon
