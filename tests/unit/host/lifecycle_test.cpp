// What the daemon asks a plugin and the plugin answers later: lifecycle callbacks and commands.
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

using CallAnswer = Host::CallAnswer;

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

// --- lifecycle_done ----------------------------------------------------------------------------

TEST_CASE("a pending callback is ended once", "[lifecycle]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "slow");
  std::vector<std::pair<std::int32_t, std::string>> ended;
  const auto done = [&](std::int32_t code, std::string text) {
    ended.emplace_back(code, std::move(text));
  };
  const ekd_host* host = plugin.api.host;
  CHECK(host->lifecycle_done(plugin.ctx, EKD_OK, nullptr) == EKD_E_WRONG_STATE);

  daemon.host->expect_lifecycle_done(plugin.ctx, done);
  CHECK(host->lifecycle_done(plugin.ctx, 1, nullptr) == EKD_E_INVALID);
  CHECK(host->lifecycle_done(plugin.ctx, EKD_OK, nullptr) == EKD_OK);
  CHECK(host->lifecycle_done(plugin.ctx, EKD_OK, nullptr) == EKD_E_WRONG_STATE);

  daemon.host->expect_lifecycle_done(plugin.ctx, done);
  ekd_error error = ekd_error_init();
  ekd_error_set(&error, EKD_E_OS, "no\nluck");
  CHECK(host->lifecycle_done(plugin.ctx, EKD_E_OS, &error) == EKD_OK);

  daemon.host->expect_lifecycle_done(plugin.ctx, done);
  daemon.host->forget_lifecycle_done(plugin.ctx);
  CHECK(host->lifecycle_done(plugin.ctx, EKD_OK, nullptr) == EKD_E_WRONG_STATE);

  REQUIRE(ended.size() == 2);
  CHECK(ended[0].first == EKD_OK);
  CHECK(ended[1].first == EKD_E_OS);
  CHECK(ended[1].second == "no\\nluck");
}

TEST_CASE("a pending callback may be ended from a task", "[lifecycle]") {
  Daemon daemon(2);
  Plugin plugin(daemon, "slow");
  std::atomic<int> ended{0};
  daemon.host->expect_lifecycle_done(plugin.ctx, [&](std::int32_t, std::string) { ++ended; });
  std::int32_t code = 1;
  REQUIRE(plugin.run([&](ekd_cx*) {
    code = plugin.api.host->lifecycle_done(plugin.ctx, EKD_OK, nullptr);
    return EKD_READY;
  }));
  CHECK(code == EKD_OK);
  CHECK(ended.load() == 1);
}

// --- call_reply --------------------------------------------------------------------------------

TEST_CASE("a command is answered with what the plugin says, made safe", "[call]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  struct Row {
    const char* what;
    std::int32_t code;
    std::string json;
    std::string text;  // of the plugin's error
    std::int32_t to_plugin;
    CallAnswer to_caller;
  };
  const std::string deep(33, '[');
  const std::vector<Row> rows = {
      {"a result", EKD_OK, "{\"a\":1}", "", EKD_OK, {EKD_OK, "{\"a\":1}", ""}},
      {"in lines", EKD_OK, "[1,\n2]", "", EKD_OK, {EKD_OK, "[1, 2]", ""}},
      {"nothing", EKD_OK, "", "", EKD_OK, {EKD_OK, "null", ""}},
      {"no JSON", EKD_OK, "{oops", "", EKD_E_INVALID, {EKD_E_FAILED, "", "answer is not JSON"}},
      {"no UTF-8", EKD_OK, "\"\xff\"", "", EKD_E_INVALID, {EKD_E_FAILED, "", "answer is not JSON"}},
      {"too deep", EKD_OK, deep, "", EKD_E_INVALID, {EKD_E_FAILED, "", "is nested deeper"}},
      {"too long",
       EKD_OK,
       std::string(1048577, ' '),
       "",
       EKD_E_TOO_BIG,
       {EKD_E_FAILED, "", "1048577 bytes"}},
      {"an error",
       EKD_E_NOT_FOUND,
       "",
       "no such thing",
       EKD_OK,
       {EKD_E_NOT_FOUND, "", "no such thing"}},
      {"an error of its own", -1000, "", "odd", EKD_OK, {-1000, "", "odd"}},
      {"an error without text", EKD_E_FULL, "", "", EKD_OK, {EKD_E_FULL, "", "capacity"}},
      {"an error that is no text", EKD_E_OS, "", "\xff\n", EKD_OK, {EKD_E_OS, "", "\\xff\\n"}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::vector<CallAnswer> answers;
    const ekd_call call = daemon.host->open_call(
        plugin.ctx, [&](CallAnswer answer) { answers.push_back(std::move(answer)); });
    ekd_error error = ekd_error_init();
    ekd_error_set(&error, row.code, row.text.c_str());
    const ekd_host* host = plugin.api.host;
    CHECK(host->call_reply(plugin.ctx, call, row.code, str(row.json), &error) == row.to_plugin);
    // Closed by the first answer, whatever that was.
    CHECK(host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr) == EKD_E_STALE);
    daemon.host->close_call(call, {EKD_E_TIMED_OUT, "", "late"});
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].code == row.to_caller.code);
    CHECK(answers[0].json == row.to_caller.json);
    CHECK(answers[0].error.find(row.to_caller.error) != std::string::npos);
    CHECK(answers[0].error.empty() == row.to_caller.error.empty());
  }
}

TEST_CASE("a reply that says nothing usable leaves the call open", "[call]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  int answers = 0;
  const ekd_call call = daemon.host->open_call(plugin.ctx, [&](CallAnswer) { ++answers; });
  const ekd_host* host = plugin.api.host;
  CHECK(host->call_reply(plugin.ctx, call, 1, EKD_STR("1"), nullptr) == EKD_E_INVALID);
  CHECK(host->call_reply(plugin.ctx, call, EKD_OK, ekd_str_of(nullptr, 4), nullptr) ==
        EKD_E_INVALID);
  CHECK(answers == 0);
  CHECK(host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr) == EKD_OK);
  CHECK(answers == 1);
}

TEST_CASE("another plugin's call is not one's own to answer", "[call]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin one(daemon, "one");
  Plugin two(daemon, "two");
  int answers = 0;
  const ekd_call call = daemon.host->open_call(one.ctx, [&](CallAnswer) { ++answers; });
  CHECK(two.api.host->call_reply(two.ctx, call, EKD_OK, EKD_STR("1"), nullptr) == EKD_E_FOREIGN);
  CHECK(answers == 0);
  CHECK(captured.lines_with({"plugin.two", "ekd_host call_reply", "another plugin instance"}) == 1);
  CHECK(daemon.host->drop_calls(two.ctx) == 0);
  CHECK(daemon.host->drop_calls(one.ctx) == 1);
  CHECK(answers == 1);
}

TEST_CASE("what the daemon closes is answered by it", "[call]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "silent");
  std::vector<CallAnswer> answers;
  const auto keep = [&](CallAnswer answer) { answers.push_back(std::move(answer)); };
  const ekd_call first = daemon.host->open_call(plugin.ctx, keep);
  daemon.host->close_call(first, {EKD_E_TIMED_OUT, "", "no answer in 1 s"});
  daemon.host->close_call(first, {EKD_E_TIMED_OUT, "", "again"});
  CHECK(plugin.api.host->call_reply(plugin.ctx, first, EKD_OK, EKD_STR("1"), nullptr) ==
        EKD_E_STALE);
  daemon.host->open_call(plugin.ctx, keep);
  REQUIRE(plugin.unload());
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].code == EKD_E_TIMED_OUT);
  CHECK(answers[0].error == "no answer in 1 s");
  CHECK(answers[1].code == EKD_E_CANCELLED);
  CHECK(answers[1].error == "the plugin was unloaded before it answered");
}

TEST_CASE("a reply and a time limit that race give one answer", "[call]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "racer");
  constexpr int kCalls = 500;
  std::atomic<int> answers{0};
  std::vector<ekd_call> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(daemon.host->open_call(plugin.ctx, [&](CallAnswer) { ++answers; }));
  }
  std::thread replies([&] {
    for (const ekd_call call : calls) {
      plugin.api.host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr);
    }
  });
  for (const ekd_call call : calls)
    daemon.host->close_call(call, {EKD_E_TIMED_OUT, "", "x"});
  replies.join();
  CHECK(answers.load() == kCalls);
}

TEST_CASE("an instance needs a name of its own kind", "[context]") {
  Daemon daemon(1);
  ekd_ctx* ctx = nullptr;
  CHECK(daemon.host->open("", 1, 0, ctx) == runtime::Status::kInvalid);
  CHECK(daemon.host->open(std::string(64, 'x'), 1, 0, ctx) == runtime::Status::kInvalid);
  CHECK(ctx == nullptr);
}

}  // namespace
}  // namespace ekiden::daemon::test
