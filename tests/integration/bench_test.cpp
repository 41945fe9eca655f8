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
  if (workload == "fib_25_fork") return 15;
  if (workload == "yield_many") return 20;
  return scaled(10'000, 1000);
}

}  // namespace

TEST_CASE("bench runs every workload and checks its results") {
  const json changes =
      GENERATE(json(json::object()), json{{"runtime", {{"workers", 1}}}},
               json{{"runtime",
                     {{"workers", 4}, {"local_queue_capacity", 4}, {"global_queue_capacity", 64}}}},
               json{{"runtime", {{"lifo_slot", false}}}});
  DaemonProcess daemon({"bench"}, changes);
  const json list = daemon.control().call_plugin("bench", "run", {{"workload", "list"}});
  REQUIRE(list.at("workloads").size() >= 6);
  for (const json& row : list.at("workloads")) {
    const std::string workload = row.at("workload");
    const json result = daemon.control().call_plugin(
        "bench", "run", {{"workload", workload}, {"n", small_n(workload)}, {"rounds", 3}});
    INFO(result.dump());
    CHECK(result.at("check") == "ok");
    CHECK(result.at("workload") == workload);
    CHECK(result.at("ns_per_op") > 0);
    CHECK(result.at("min") <= result.at("max"));
    CHECK(result.at("workers") >= 1);
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
  };
  for (const json& params : wrong) {
    INFO(params.dump());
    CHECK_THROWS_AS(daemon.control().call_plugin("bench", "run", params), ControlError);
  }
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
