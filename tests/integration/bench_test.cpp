// The plugin `bench` runs every workload, in small, and finds its results right.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

// Small runs that still overflow a local queue.
std::uint64_t small_n(const std::string& workload) {
  if (workload.ends_with("fib_25_fork")) return 15;
  if (workload == "yield_many") return 20;
  if (workload.starts_with("ticker_")) return 50;
  if (workload == "remote_wake_roundtrip") return scaled(1000, 200);
  return scaled(10'000, 1000);
}

void check_figures(const json& result) {
  if (result.at("unit") == "us") {
    CHECK(result.at("p50") >= 0);
    CHECK(result.at("p50") <= result.at("p99"));
    CHECK(result.at("p99") <= result.at("p999"));
    CHECK(result.at("p999") <= result.at("max"));
    CHECK(result.at("max") > 0);
  } else {
    CHECK(result.at("ns_per_op") > 0);
    CHECK(result.at("min") <= result.at("ns_per_op"));
    CHECK(result.at("ns_per_op") <= result.at("max"));
  }
}

}  // namespace

TEST_CASE("bench runs every workload and checks its results") {
  const json changes =
      GENERATE(json(json::object()), json{{"runtime", {{"workers", 1}}}},
               json{{"runtime",
                     {{"workers", 4},
                      {"local_queue_capacity", 4},
                      {"global_queue_capacity", 64},
                      {"blocking", {{"threads_max", 1}, {"queue_capacity", 16}}}}}},
               json{{"runtime", {{"lifo_slot", false}}}});
  DaemonProcess daemon({"bench"}, changes);
  const json list = daemon.control().call_plugin("bench", "run", {{"workload", "list"}});
  REQUIRE(list.at("workloads").size() == 21);
  for (const json& row : list.at("workloads")) {
    const std::string workload = row.at("workload");
    const json result = daemon.control().call_plugin(
        "bench", "run", {{"workload", workload}, {"n", small_n(workload)}, {"rounds", 2}});
    INFO(result.dump());
    CHECK(result.at("check") == "ok");
    CHECK(result.at("workload") == workload);
    CHECK(result.at("unit") == row.at("unit"));
    CHECK(result.at("workers") >= 1);
    check_figures(result);
  }
  const json batched = daemon.control().call_plugin(
      "bench", "run", {{"workload", "spawn_local"}, {"n", 5000}, {"rounds", 2}, {"batch", 32}});
  CHECK(batched.at("check") == "ok");
  CHECK(wait_until([&] {
    return daemon.control().call("plugin.info", {{"name", "bench"}}).at("tasks") == 0;
  }));
}

TEST_CASE("bench refuses parameters that it does not understand") {
  DaemonProcess daemon({"bench"});
  const std::vector<json> wrong = {
      json::object(),
      {{"workload", "sleep"}},
      {{"workload", 1}},
      {{"workload", "spawn_local"}, {"n", 0}},
      {{"workload", "fib_25_fork"}, {"n", 100}},
      {{"workload", "spawn_local"}, {"rounds", 100000}},
      {{"workload", "spawn_local"}, {"batch", 65}},
      {{"workload", "spawn_local"}, {"speed", 1}},
      {{"workload", "spawn_local"}, {"load", 8}},
      {{"workload", "skynet_1m"}, {"batch", 8}},
      {{"workload", "ticker_lateness_under_cpu_load"}, {"load", 1025}},
      {{"workload", "timer_fire_lateness"}, {"n", 10'000'000}, {"rounds", 1000}},
      {{"workload", "memory_parked"}, {"n", 10'000'001}},
  };
  for (const json& params : wrong) {
    INFO(params.dump());
    CHECK_THROWS_AS(daemon.control().call_plugin("bench", "run", params), ControlError);
  }
}

TEST_CASE("What many waiting tasks and armed timers hold is told in bytes") {
  DaemonProcess daemon({"bench"});
  const json tasks = daemon.control().call_plugin(
      "bench", "run", {{"workload", "memory_parked"}, {"n", 50'000}, {"rounds", 1}});
  INFO(tasks.dump());
  CHECK(tasks.at("bytes_per_task") >= 64);
  const json timers = daemon.control().call_plugin(
      "bench", "run", {{"workload", "timers_held"}, {"n", 50'000}, {"rounds", 1}});
  INFO(timers.dump());
  CHECK(timers.at("bytes_per_timer") >= 16);
}

TEST_CASE("A thread that a run has outside ends with an unload") {
  const std::string workload =
      GENERATE(as<std::string>(), "remote_wake_roundtrip", "ticker_lateness_under_spawn_flood");
  DaemonProcess daemon({"bench"});
  const auto other = daemon.connect();
  other->send("plugin.call", {{"plugin", "bench"},
                              {"method", "run"},
                              {"params", {{"workload", workload}, {"n", 1'000'000}}}});
  REQUIRE(wait_until([&] { return daemon.control().call("status").at("tasks") >= 2; }));
  daemon.control().call("plugin.unload", {{"name", "bench"}});
  CHECK(other->next_answer().contains("error"));
}

TEST_CASE("A run that is going on is cut off by an unload, and its caller is told") {
  DaemonProcess daemon({"bench"});
  const auto other = daemon.connect();
  other->send("plugin.call",
              {{"plugin", "bench"},
               {"method", "run"},
               {"params", {{"workload", "yield_many"}, {"n", 10'000}, {"rounds", 1000}}}});
  REQUIRE(wait_until([&] { return daemon.control().call("status").at("tasks") > 100; }));
  daemon.control().call("plugin.unload", {{"name", "bench"}});
  CHECK(other->next_answer().contains("error"));
  daemon.control().call("plugin.load", {{"name", "bench"}});
  CHECK(daemon.control()
            .call_plugin("bench", "run", {{"workload", "yield_many"}, {"n", 10}, {"rounds", 1}})
            .at("check") == "ok");
}

}  // namespace ekiden::integration
