// How far a command is, and that nobody waits for it any more.
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

TEST_CASE("progress reaches whoever asked, in one line, until the answer", "[progress]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  const ekd_host* host = plugin.api.host;
  std::vector<std::string> told;
  int answers = 0;
  const ekd_call call = daemon.host->open_call(
      plugin.ctx, [&](Host::CallAnswer) { ++answers; },
      [&](std::string_view json) {
        told.emplace_back(json);
        return true;
      });
  CHECK(host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_OK);
  CHECK(host->call_progress(plugin.ctx, call, EKD_STR("{\"a\":\n2}")) == EKD_OK);
  CHECK(told == std::vector<std::string>{"1", "{\"a\": 2}"});
  CHECK(host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("3"), nullptr) == EKD_OK);
  CHECK(host->call_progress(plugin.ctx, call, EKD_STR("4")) == EKD_E_CANCELLED);
  CHECK(told.size() == 2);
  CHECK(answers == 1);
}

TEST_CASE("progress that nobody asked for is well", "[progress]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  int answers = 0;
  const ekd_call call = daemon.host->open_call(plugin.ctx, [&](Host::CallAnswer) { ++answers; });
  CHECK(plugin.api.host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_OK);
  CHECK(answers == 0);
  daemon.host->close_call(call, {EKD_E_TIMED_OUT, "", "late"});
  CHECK(plugin.api.host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_E_CANCELLED);
  CHECK(answers == 1);
}

TEST_CASE("a call that nobody waits for is over when its plugin hears so", "[progress]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  const ekd_host* host = plugin.api.host;
  std::vector<std::int32_t> codes;
  const ekd_call call = daemon.host->open_call(
      plugin.ctx, [&](Host::CallAnswer answer) { codes.push_back(answer.code); },
      [](std::string_view) { return false; });
  CHECK(host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_E_CANCELLED);
  CHECK(codes == std::vector<std::int32_t>{EKD_E_CANCELLED});
  CHECK(host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_E_CANCELLED);
  CHECK(host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr) == EKD_E_STALE);
  CHECK(codes.size() == 1);
}

TEST_CASE("progress that cannot be carried is refused, and the call goes on", "[progress]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "talker");
  Plugin other(daemon, "other");
  const ekd_host* host = plugin.api.host;
  int told = 0;
  int answers = 0;
  const ekd_call call = daemon.host->open_call(
      plugin.ctx, [&](Host::CallAnswer) { ++answers; },
      [&](std::string_view) { return ++told > 0; });
  struct Row {
    std::string json;
    std::int32_t code;
  };
  const std::vector<Row> rows = {
      {"", EKD_E_INVALID},
      {"{", EKD_E_INVALID},
      {"1 2", EKD_E_INVALID},
      {"\"\xff\"", EKD_E_INVALID},
      {std::string(30, '[') + std::string(30, ']'), EKD_E_INVALID},
      {std::string(29, '[') + std::string(29, ']'), EKD_OK},
      {'"' + std::string(64 * 1024, 'x') + '"', EKD_E_TOO_BIG},
      {'"' + std::string(64 * 1024 - 2, 'x') + '"', EKD_OK},
  };
  for (const Row& row : rows) {
    INFO(row.json.substr(0, 40));
    CHECK(host->call_progress(plugin.ctx, call, str(row.json)) == row.code);
  }
  CHECK(host->call_progress(plugin.ctx, call, ekd_str_of(nullptr, 1)) == EKD_E_INVALID);
  CHECK(host->call_progress(other.ctx, call, EKD_STR("1")) == EKD_E_FOREIGN);
  CHECK(told == 2);
  CHECK(answers == 0);
  CHECK(captured.lines_with({"plugin.talker", "ekd_host call_progress"}) > 0);
  CHECK(host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr) == EKD_OK);
  CHECK(answers == 1);
}

TEST_CASE("progress may race with the answer", "[progress]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "talker");
  for (int round = 0; round < 50; round++) {
    std::atomic<int> answers{0};
    std::atomic<int> told{0};
    const ekd_call call = daemon.host->open_call(
        plugin.ctx, [&](Host::CallAnswer) { ++answers; },
        [&](std::string_view) { return ++told > 0; });
    std::thread teller([&] {
      while (plugin.api.host->call_progress(plugin.ctx, call, EKD_STR("1")) == EKD_OK) {
      }
    });
    Probe probe([&](ekd_cx*) {
      plugin.api.host->call_reply(plugin.ctx, call, EKD_OK, EKD_STR("1"), nullptr);
      return EKD_READY;
    });
    const bool spawned = plugin.spawn(probe) == EKD_OK;
    teller.join();
    REQUIRE(spawned);
    REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
    REQUIRE(answers.load() == 1);
  }
}

}  // namespace
}  // namespace ekiden::daemon::test
