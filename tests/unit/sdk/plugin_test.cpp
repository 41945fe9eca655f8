// A plugin as a class, from EKIDEN_PLUGIN to its last coroutine, under ekiden::testing.
#include <catch2/catch.hpp>
#include <string>

#include <ekiden/testing.hpp>

#include "tests/unit/sdk/plugin_trial.hpp"

using namespace std::chrono_literals;
using namespace ekiden::testing;
using ekiden::test::trial_counts;

namespace {

Options generated_workers() {
  Options options;
  options.workers = GENERATE(1u, 2u, 4u, 8u);
  return options;
}

// Whatever happened to it: nothing of an instance is left.
void check_nothing_is_left() {
  CHECK(trial_counts.alive == 0);
  CHECK(trial_counts.frames == 0);
}

void check_clean(const Unloaded& unloaded) {
  INFO(unloaded.text());
  CHECK(unloaded.clean());
  CHECK(unloaded.text() == "");
  check_nothing_is_left();
}

std::int32_t code_of(Plugin& plugin, const char* method) {
  try {
    plugin.call(method);
    return EKD_OK;
  } catch (const CallError& e) {
    return e.code();
  }
}

}  // namespace

TEST_CASE("settings that the constructor throws at are refused with its text") {
  Harness harness;
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"stop":"x"})"),
                    Catch::Contains("its init failed: config key \"stop\" is unknown") &&
                        Catch::Contains("known are: start, run"));
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"run":7})"),
                    Catch::Contains("config key \"run\" must be a text"));
  check_nothing_is_left();
}

TEST_CASE("what start() throws refuses the plugin, and it can be loaded again") {
  Harness harness(generated_workers());
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"start":"throw","run":"wait"})"),
                    Catch::Contains("its start failed: no port is free"));
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"start":"standard"})"),
                    Catch::Contains("its start failed: out of luck"));
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"start":"odd"})"),
                    Catch::Contains("no std::exception"));
  check_nothing_is_left();
  auto plugin = harness.load(ekd_plugin, R"({"run":"wait"})");
  CHECK(trial_counts.alive == 1);
  check_clean(plugin.unload());
}

TEST_CASE("run() is a task until stopping(), and the unload waits for it") {
  Harness harness(generated_workers());
  trial_counts.run_ended = 0;
  for (int load = 1; load <= 2; load++) {
    auto plugin = harness.load(ekd_plugin, R"({"run":"wait"})");
    harness.run_until_idle();
    REQUIRE(plugin.tasks().size() == 1);
    CHECK(plugin.tasks()[0].type == "main");
    check_clean(plugin.unload());
    CHECK(trial_counts.run_ended == load);
  }
}

TEST_CASE("a run() that has returned, or was never there, holds up no unload") {
  Harness harness(generated_workers());
  const std::string run = GENERATE("", "return");
  auto plugin = harness.load(ekd_plugin, R"({"run":")" + run + R"("})");
  harness.run_until_idle();
  CHECK(plugin.tasks().empty());
  CHECK(plugin.call("echo", "1") == "1");
  check_clean(plugin.unload());
}

TEST_CASE("what run() throws is logged, and commands are answered still") {
  Harness harness(generated_workers());
  auto plugin = harness.load(ekd_plugin, R"({"run":"throw"})");
  harness.run_until_idle();
  const std::string expected = "the main task failed: the main task has a bad day";
  bool logged = false;
  for (const LogLine& line : plugin.logs())
    logged = logged || (line.text == expected && line.level == EKD_LOG_ERROR);
  CHECK(logged);
  CHECK(plugin.call("echo", "1") == "1");
  check_clean(plugin.unload());
}

TEST_CASE("a run() that does not end is ended at the drain's deadline") {
  Harness harness(generated_workers());
  auto plugin = harness.load(ekd_plugin, R"({"run":"stubborn"})");
  harness.run_until_idle();
  const Unloaded unloaded = plugin.unload(2s);
  CHECK_FALSE(unloaded.drain_problem.empty());
  REQUIRE(unloaded.cancelled.size() == 1);
  CHECK(unloaded.cancelled[0].made_by == "main");
  CHECK(unloaded.leaked.empty());
  check_nothing_is_left();
  check_clean(harness.load(ekd_plugin).unload());
}

TEST_CASE("a command answers, throws, or waits for the clock") {
  Harness harness(generated_workers());
  auto plugin = harness.load(ekd_plugin);
  CHECK(plugin.call("echo", R"({"a":[1,2]})") == R"({"a":[1,2]})");
  CHECK(plugin.call("nothing") == "null");
  CHECK(plugin.call("children") == "5050");
  CHECK(code_of(plugin, "refuse") == -1234);
  CHECK_THROWS_WITH(plugin.call("refuse"), "not on a Sunday");
  CHECK(code_of(plugin, "standard") == EKD_E_FAILED);
  CHECK_THROWS_WITH(plugin.call("standard"), "out of luck");
  CHECK(code_of(plugin, "odd") == EKD_E_FAILED);
  CHECK(code_of(plugin, "fly") == EKD_E_NOT_FOUND);
  CHECK_THROWS_WITH(plugin.call("fly"), Catch::Contains("\"fly\"") && Catch::Contains("echo"));

  auto sleeping = plugin.call_async("sleep");
  auto hurried = plugin.call_async("timeout");
  harness.advance(30min - 1ns);
  CHECK_FALSE(hurried.is_ready());
  harness.advance(1ns);
  REQUIRE(hurried.is_ready());
  CHECK(hurried.get() == "\"late\"");
  harness.advance(30min - 1ns);
  CHECK_FALSE(sleeping.is_ready());
  harness.advance(1ns);
  REQUIRE(sleeping.is_ready());
  CHECK(sleeping.get() == "\"slept\"");
  CHECK(plugin.holdings().timers == 0);
  check_clean(plugin.unload());
}

TEST_CASE("a command tells how far it is while the clock goes on") {
  Harness harness(generated_workers());
  auto plugin = harness.load(ekd_plugin);
  auto telling = plugin.call_async("progress");
  harness.advance(3min - 1ns);
  CHECK_FALSE(telling.is_ready());
  harness.advance(1ns);
  REQUIRE(telling.is_ready());
  CHECK(telling.get() == "3");
  check_clean(plugin.unload());
}

TEST_CASE("a command that nobody waits for any more learns it, and ends") {
  Options options = generated_workers();
  options.patience = 300ms;
  Harness harness(options);
  auto plugin = harness.load(ekd_plugin);
  auto telling = plugin.call_async("progress");
  CHECK_THROWS_AS(telling.get(), CallError);
  CHECK(trial_counts.frames == 1);
  harness.advance(1min);
  CHECK(trial_counts.frames == 0);
  check_clean(plugin.unload(30s));
}

TEST_CASE("an unload ends the commands that wait, and their callers are told") {
  Harness harness(generated_workers());
  auto plugin = harness.load(ekd_plugin, R"({"run":"wait"})");
  auto sleeping = plugin.call_async("sleep");
  harness.run_until_idle();
  CHECK(trial_counts.frames == 2);
  const Unloaded unloaded = plugin.unload();
  INFO(unloaded.text());
  CHECK(unloaded.drain_problem.empty());
  REQUIRE(unloaded.cancelled.size() == 1);
  CHECK(unloaded.cancelled[0].made_by == "command");
  CHECK_THROWS_AS(sleeping.get(), CallError);
  for (const Left& left : unloaded.leaked)
    CHECK(left.kind == "call");
  CHECK(plugin.is_loaded() == false);
  check_nothing_is_left();
}

TEST_CASE("an Interval ticks sixty times in an hour, which passes at once") {
  Harness harness(generated_workers());
  trial_counts.ticks = 0;
  auto plugin = harness.load(ekd_plugin, R"({"run":"tick"})");
  harness.run_until_idle();
  harness.advance(1h - 1ns);
  CHECK(trial_counts.ticks == 59);
  harness.advance(1ns);
  CHECK(trial_counts.ticks == 60);
  check_clean(plugin.unload());
}
