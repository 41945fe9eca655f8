// A plugin's life in the harness: starts that fail or take their time, commands, and its end.
#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/testing/spawned.hpp"
#include "tests/unit/testing/trial.h"

using namespace std::chrono_literals;
using namespace ekiden::testing;
using ekiden::testing::test::Tasks;

namespace {

const Left* find(const std::vector<Left>& rows, const std::string& kind) {
  for (const Left& left : rows) {
    if (left.kind == kind) return &left;
  }
  return nullptr;
}

std::int32_t code_of(Pending<std::string> call) {
  try {
    call.get();
    return EKD_OK;
  } catch (const CallError& e) {
    return e.code();
  }
}

}  // namespace

TEST_CASE("a plugin that does not start says why, and can be loaded again") {
  Harness harness;
  CHECK_THROWS_WITH(harness.load(trial_plugin, R"({"init":"the moon is full"})"),
                    Catch::Contains("its init failed: the moon is full"));
  CHECK_THROWS_WITH(harness.load(trial_plugin, R"({"start":"fail"})"),
                    Catch::Contains("its start failed: no port is free"));
  CHECK_THROWS_WITH(harness.load(trial_plugin, "[]"), Catch::Contains("is no JSON object"));
  CHECK_THROWS_WITH(harness.load(trial_plugin, "{"), Catch::Contains("is not JSON"));
  CHECK(harness.load(trial_plugin).is_loaded());
}

TEST_CASE("a descriptor that the daemon would refuse is refused") {
  Harness harness;
  ekd_plugin_desc wrong = trial_plugin;
  SECTION("its ABI") {
    wrong.abi_major = EKD_ABI_MAJOR + 1;
    CHECK_THROWS_WITH(harness.load(wrong), Catch::Contains("of the plugin ABI"));
  }
  SECTION("its size") {
    wrong.struct_size = 12;
    CHECK_THROWS_WITH(harness.load(wrong), Catch::Contains("12 bytes"));
  }
  SECTION("its name") {
    wrong.name[0] = 'T';
    CHECK_THROWS_WITH(harness.load(wrong), Catch::Contains("has a name in its descriptor"));
  }
  SECTION("nothing in it") {
    wrong.init = nullptr;
    wrong.start = nullptr;
    wrong.command = nullptr;
    CHECK_THROWS_WITH(harness.load(wrong), Catch::Contains("neither init, start nor command"));
  }
  SECTION("what it requires") {
    const char* const required[] = {EKD_TASK_ID, "ekd.teleport/1", nullptr};
    wrong.requires_ext = required;
    CHECK_THROWS_WITH(harness.load(wrong), Catch::Contains("ekd.teleport/1"));
  }
}

TEST_CASE("a start that waits for the clock ends when it has come") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  auto loading = harness.load_async(trial_plugin, R"({"start":"pending"})");
  // The lifecycle thread goes by itself until it waits.
  REQUIRE(harness.eventually([&] {
    harness.advance(0s);
    return harness.logs().size() > 0;
  }));
  CHECK(harness.eventually([&] {
    harness.advance(1min);
    return loading.is_ready();
  }));
  CHECK(loading.get().call("echo", "1") == "1");
}

TEST_CASE("a start that never ends is given up with its harness") {
  Harness harness;
  auto loading = harness.load_async(trial_plugin, R"({"start":"pending"})");
}

TEST_CASE("commands: an answer at once, later, a refusal, none") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  auto plugin = harness.load(trial_plugin);
  CHECK(plugin.call("echo", R"({"a":1})") == R"({"a":1})");
  CHECK(plugin.call("nothing") == "null");
  auto sleeping = plugin.call_async("sleep");
  harness.advance(1h - 1ns);
  CHECK_FALSE(sleeping.is_ready());
  harness.advance(1ns);
  REQUIRE(sleeping.is_ready());
  CHECK(sleeping.get() == "\"slept\"");
  try {
    plugin.call("refuse");
    FAIL("it was not refused");
  } catch (const CallError& e) {
    CHECK(e.code() == -1234);
    CHECK(std::string(e.what()) == "not on a Sunday");
  }
  CHECK(code_of(plugin.call_async("fly")) == EKD_E_NOT_FOUND);
  CHECK_THROWS_WITH(plugin.call("echo", "{"), Catch::Contains("parameters for 'echo'"));
  auto forgotten = plugin.call_async("forget");
  harness.run_until_idle();
  const Unloaded unloaded = plugin.unload();
  CHECK(code_of(std::move(forgotten)) == EKD_E_CANCELLED);
  REQUIRE(find(unloaded.leaked, "call") != nullptr);
  CHECK(unloaded.leaked.size() == 1);
  CHECK_FALSE(unloaded.clean());
  CHECK(code_of(plugin.call_async("echo")) == EKD_E_WRONG_STATE);
}

TEST_CASE("a command that is not answered in time is an error") {
  Options options;
  options.patience = 200ms;
  Harness harness(options);
  auto plugin = harness.load(trial_plugin);
  CHECK(code_of(plugin.call_async("forget")) == EKD_E_TIMED_OUT);
}

TEST_CASE("what a plugin has left is told by kind and count") {
  Harness harness;
  auto plugin = harness.load(trial_plugin);
  plugin.call("leak_timer");
  plugin.call("leak_timer");
  plugin.call("leak_memory");
  plugin.call("tick");
  const Unloaded unloaded = plugin.unload();
  CHECK_FALSE(unloaded.clean());
  REQUIRE(unloaded.leaked.size() == 2);
  CHECK(unloaded.leaked[0].kind == "timer");
  CHECK(unloaded.leaked[0].count == 2);
  CHECK(unloaded.leaked[1].kind == "memory block");
  CHECK(unloaded.leaked[1].count == 1);
  CHECK(unloaded.leaked[1].bytes >= 1000);
  REQUIRE(unloaded.cancelled.size() == 1);
  CHECK(unloaded.cancelled[0].kind == "task");
  CHECK(unloaded.cancelled[0].made_by == "waiting");
  CHECK(unloaded.text().find("leaked: 2 timers, 1 memory block of ") == 0);
  CHECK(unloaded.text().find("; cancelled: 1 task of type waiting") != std::string::npos);
}

TEST_CASE("a timer that a task has forgotten is told with the task's type") {
  Harness harness;
  auto plugin = harness.open();
  Tasks tasks(harness, plugin);
  tasks.spawn(tasks.type("forgetful"), [&](ekd_cx&) {
    ekd_timer timer = 0;
    tasks.services().time->create(tasks.ctx(), &timer);
    return EKD_READY;
  });
  harness.run_until_idle();
  const Unloaded unloaded = plugin.unload();
  CHECK(unloaded.text() == "leaked: 1 timer made by task type forgetful");
}

TEST_CASE("a drain may wait for the clock, and is told its deadline on that") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  auto plugin = harness.load(trial_plugin, R"({"drain":"timer"})");
  const std::uint64_t begin = harness.now_ns();
  auto unloading = plugin.unload_async(30s);
  CHECK(harness.eventually([&] {
    harness.advance(30s);
    return unloading.is_ready();
  }));
  const Unloaded unloaded = unloading.get();
  CHECK(unloaded.text() == "");
  CHECK(unloaded.clean());
  // At most 60 % of 30 s, and not in the clock's past. It may have been told after an advance.
  CHECK(trial_drain_deadline_ns > begin);
  CHECK(trial_drain_deadline_ns <= harness.now_ns() + 18 * EKD_NS_PER_S);
}

TEST_CASE("a drain that does not end is left behind at its deadline") {
  Harness harness;
  auto plugin = harness.load(trial_plugin, R"({"drain":"never"})");
  plugin.call("tick");
  const Unloaded unloaded = plugin.unload(3s);
  CHECK_FALSE(unloaded.clean());
  CHECK(unloaded.drain_problem.find("lifecycle_done") != std::string::npos);
  CHECK(unloaded.cancelled.size() == 1);
  CHECK(unloaded.leaked.empty());
}

TEST_CASE("an unload that a poll holds up names it, and goes on when that has returned") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  auto plugin = harness.load(trial_plugin);
  __atomic_store_n(&trial_release_stuck, 0, __ATOMIC_SEQ_CST);
  plugin.call("stick");
  REQUIRE(harness.eventually([&] { return plugin.tasks().at(0).state == "running"; }));
  CHECK_THROWS_WITH(plugin.unload(200ms),
                    Catch::Contains("'trial'") && Catch::Contains("task type stuck"));
  CHECK(plugin.is_loaded());
  __atomic_store_n(&trial_release_stuck, 1, __ATOMIC_SEQ_CST);
  CHECK(plugin.unload(30s).clean());
}
