#include "daemon/host/call_table.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {
namespace {

using runtime::Handle;
using runtime::Status;

// Contexts are compared, never looked into.
const auto* const kOne = reinterpret_cast<const ekd_ctx*>(0x1000);
const auto* const kOther = reinterpret_cast<const ekd_ctx*>(0x2000);

TEST_CASE("a call is taken once, and only by its own context", "[call_table]") {
  CallTable table;
  int answers = 0;
  const ekd_call call = table.open(kOne, [&](CallAnswer) { ++answers; });
  REQUIRE(call != 0);
  AnswerFn answer;
  CHECK(table.take(kOther, call, answer) == Status::kForeign);
  CHECK_FALSE(answer);
  CHECK(table.take(kOne, call, answer) == Status::kOk);
  answer({});
  CHECK(answers == 1);
  CHECK(table.take(kOne, call, answer) == Status::kStale);
  CHECK(table.take(nullptr, call, answer) == Status::kStale);
}

TEST_CASE("an old handle does not name the slot's next call", "[call_table]") {
  CallTable table;
  AnswerFn answer;
  const ekd_call first = table.open(kOne, [](CallAnswer) {});
  REQUIRE(table.take(kOne, first, answer) == Status::kOk);
  const ekd_call second = table.open(kOne, [](CallAnswer) {});
  CHECK(Handle(first).index() == Handle(second).index());
  CHECK(first != second);
  CHECK(table.take(kOne, first, answer) == Status::kStale);
  CHECK(table.take(kOne, second, answer) == Status::kOk);
}

TEST_CASE("numbers that were never given out name nothing", "[call_table]") {
  CallTable table;
  const ekd_call call = table.open(kOne, [](CallAnswer) {});
  AnswerFn answer;
  const std::vector<ekd_call> wrong = {0,
                                       1,
                                       ~ekd_call{0},
                                       call + 1,
                                       call ^ (1ull << 60),
                                       call ^ (1ull << 32),
                                       call & 0xffffffff00000000};
  for (const ekd_call number : wrong)
    CHECK(table.take(kOne, number, answer) == Status::kStale);
  CHECK(table.take(kOne, call, answer) == Status::kOk);
}

TEST_CASE("what is open for one context is taken together", "[call_table]") {
  CallTable table;
  int mine = 0;
  int theirs = 0;
  for (int i = 0; i < 3; ++i)
    table.open(kOne, [&](CallAnswer) { ++mine; });
  const ekd_call other = table.open(kOther, [&](CallAnswer) { ++theirs; });
  for (const AnswerFn& answer : table.take_all(kOne))
    answer({});
  CHECK(mine == 3);
  CHECK(theirs == 0);
  CHECK(table.take_all(kOne).empty());
  AnswerFn answer;
  CHECK(table.take(kOther, other, answer) == Status::kOk);
}

TEST_CASE("a table that is full refuses and keeps its hands off the answer", "[call_table]") {
  CallTable table;
  for (std::size_t i = 0; i < kOpenCallsMax; ++i) {
    REQUIRE(table.open(kOne, [](CallAnswer) {}) != 0);
  }
  bool answered = false;
  AnswerFn answer = [&](CallAnswer) { answered = true; };
  CHECK(table.open(kOne, std::move(answer)) == 0);
  answer({});
  CHECK(answered);
}

TEST_CASE("threads that race for a call answer it once", "[call_table]") {
  CallTable table;
  constexpr int kCalls = 2000;
  std::atomic<int> answers{0};
  std::vector<ekd_call> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(table.open(kOne, [&](CallAnswer) { answers.fetch_add(1); }));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (const ekd_call call : calls) {
        AnswerFn answer;
        if (table.take(kOne, call, answer) == Status::kOk) answer({});
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(answers.load() == kCalls);
}

}  // namespace
}  // namespace ekiden::daemon::host
