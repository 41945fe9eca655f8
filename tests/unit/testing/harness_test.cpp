// The harness itself: options, plugins side by side, what it says of them.
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>

#include "tests/unit/testing/spawned.hpp"
#include "tests/unit/testing/trial.h"

using namespace std::chrono_literals;
using namespace ekiden::testing;
using ekiden::testing::test::Tasks;

TEST_CASE("one harness at a time, and another one after it") {
  std::optional<Harness> first(std::in_place);
  CHECK_THROWS_WITH(Harness(), Catch::Contains("one at a time"));
  first.reset();
  Harness second;
  CHECK(second.load(trial_plugin).is_loaded());
}

TEST_CASE("options are checked, and a refused one leaves nothing behind") {
  Options options;
  SECTION("workers") {
    options.workers = 0;
    CHECK_THROWS_WITH(Harness(options), Catch::Contains("Options::workers is 0; it may be 1 to"));
  }
  SECTION("local_queue_capacity") {
    options.local_queue_capacity = 100;
    CHECK_THROWS_WITH(Harness(options), Catch::Contains("power of two"));
  }
  SECTION("blocking_threads_max") {
    options.blocking_threads_max = 0;
    CHECK_THROWS_WITH(Harness(options), Catch::Contains("blocking_threads_max"));
  }
  CHECK_NOTHROW(Harness());
}

TEST_CASE("plugins run side by side, each under its own name once") {
  Harness harness;
  auto trial = harness.load(trial_plugin);
  auto hello = harness.load(ekd_plugin);
  CHECK(trial.name() == "trial");
  CHECK(hello.name() == "hello_c");
  CHECK_THROWS_WITH(harness.load(trial_plugin), Catch::Contains("'trial' is loaded already"));
  CHECK(trial.call("echo", "[1,2]") == "[1,2]");
  auto greeting = hello.call_async("greet", R"({"name":"Ada"})");
  harness.advance(10ms);
  CHECK(greeting.get() == R"({"greeting":"Hello, Ada!"})");
  CHECK(trial.unload().clean());
  CHECK_FALSE(trial.is_loaded());
  CHECK(hello.is_loaded());
  CHECK(harness.load(trial_plugin).call("echo", "3") == "3");
}

TEST_CASE("the plugin's lines are kept with their levels, and the host's beside them") {
  Harness harness;
  auto plugin = harness.load(trial_plugin);
  CHECK(plugin.call("tick") == "null");
  harness.advance(2s);
  const auto lines = plugin.logs();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].text == "initialised");
  CHECK(lines[0].level == EKD_LOG_INFO);
  CHECK(lines[0].component == "plugin.trial");
  CHECK(lines[2].text == "tick");
  CHECK(lines[2].level == EKD_LOG_DEBUG);
  CHECK(harness.logs().size() > lines.size());
}

TEST_CASE("what a plugin holds is counted while it runs") {
  Harness harness;
  auto plugin = harness.load(trial_plugin);
  CHECK(plugin.call("leak_memory") == "null");
  CHECK(plugin.call("tick") == "null");
  auto sleeping = plugin.call_async("sleep");
  harness.run_until_idle();
  const Holdings held = plugin.holdings();
  CHECK(held.tasks == 2);
  CHECK(held.timers == 2);
  CHECK(held.calls == 1);
  CHECK(held.memory_blocks == 1);
  CHECK(held.memory_bytes >= 1000);
  REQUIRE(plugin.tasks().size() == 2);
  CHECK(plugin.tasks()[0].type == "waiting");
  CHECK(plugin.tasks()[0].state == "waiting");
  CHECK(plugin.tasks()[0].polls > 0);
  harness.advance(1h);
  CHECK(sleeping.get() == "\"slept\"");
  CHECK(plugin.holdings().tasks == 1);
}

TEST_CASE("a context without a plugin is there until it is unloaded") {
  Harness harness;
  auto plugin = harness.open("mine");
  Tasks tasks(harness, plugin);
  int ran = 0;
  tasks.spawn(tasks.type("once"), [&](ekd_cx&) {
    ran++;
    return EKD_READY;
  });
  harness.run_until_idle();
  CHECK(ran == 1);
  ekd_ctx* const ctx = plugin.ctx();
  CHECK(plugin.unload().clean());
  CHECK(plugin.ctx() == nullptr);
  CHECK(tasks.services().log->write(ctx, EKD_LOG_INFO, EKD_STR("late")) == EKD_E_STALE);
  CHECK_THROWS_WITH(plugin.unload(), Catch::Contains("unloaded already"));
  CHECK_THROWS_AS(harness.open("No Name"), Error);
}

TEST_CASE("a plugin that outlives its harness is of no use, and no danger") {
  std::optional<Harness> harness(std::in_place);
  auto plugin = harness->load(trial_plugin);
  harness.reset();
  CHECK_FALSE(plugin.is_loaded());
  CHECK(plugin.ctx() == nullptr);
  CHECK_THROWS_WITH(plugin.holdings(), Catch::Contains("harness of 'trial' is gone"));
  CHECK_THROWS_AS(plugin.call("echo", "1"), Error);
}

TEST_CASE("idle waits for blocking jobs and for commands") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  auto plugin = harness.load(trial_plugin);
  auto job = plugin.call_async("job");
  harness.run_until_idle();
  REQUIRE(job.is_ready());
  CHECK(job.get() == "42");
  CHECK(plugin.holdings().jobs == 0);
  // Hand to hand between commands, tasks and the test, with nothing in between to wait for.
  for (int i = 0; i < 200; i++) {
    auto sleeping = plugin.call_async("sleep");
    harness.advance(1h);
    REQUIRE(sleeping.is_ready());
  }
}
