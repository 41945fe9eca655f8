// More new work than the queues take: it overflows, is shared, and beyond the capacity refused.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

json queue_named(DaemonProcess& daemon, const std::string& name) {
  for (const json& queue : daemon.list("queue")) {
    if (queue.at("name") == name) return queue;
  }
  return nullptr;
}

bool every_worker_polled(DaemonProcess& daemon) {
  for (const json& worker : daemon.list("worker")) {
    if (worker.at("polls") == 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("A task that spawns more than the queues take sees overflow, then refusals") {
  DaemonProcess daemon(
      {"mischief"},
      {{"runtime", {{"workers", 3}, {"local_queue_capacity", 4}, {"global_queue_capacity", 64}}}});
  json crowd;
  std::uint64_t refused = 0;
  const bool refused_and_shared = wait_until([&] {
    crowd = daemon.control().call_plugin("mischief", "crowd", {{"n", 1000}});
    CHECK(crowd.at("spawned").get<int>() + crowd.at("full").get<int>() == 1000);
    CHECK(crowd.at("others") == 0);
    refused += crowd.at("full").get<std::uint64_t>();
    return crowd.at("full") > 0 && every_worker_polled(daemon);
  });
  CHECK(refused_and_shared);
  INFO(crowd.dump());
  CHECK(refused > 0);

  const json global = queue_named(daemon, "global");
  CHECK(global.at("capacity") == 64);
  CHECK(global.at("overflows") > 0);
  CHECK(global.at("refusals") == refused);
  CHECK(daemon.control().call("plugin.info", {{"name", "mischief"}}).at("refusals") == refused);
  // Refused is not lost: whatever was taken has run.
  CHECK(wait_until([&] {
    return daemon.control().call("plugin.info", {{"name", "mischief"}}).at("tasks") == 0;
  }));
  CHECK(queue_named(daemon, "global").at("depth") == 0);
}

TEST_CASE("Tasks beyond the operator's limit for a plugin are refused, others are not") {
  DaemonProcess daemon(
      {"mischief"}, {{"plugins", {{"settings", {{"mischief", {{"limits", {{"tasks", 10}}}}}}}}}});
  CHECK_THROWS_AS(daemon.control().call_plugin("mischief", "linger", {{"n", 20}}), ControlError);
  const json info = daemon.control().call("plugin.info", {{"name", "mischief"}});
  CHECK(info.at("tasks") == 10);
  CHECK(info.at("task_limit") == 10);
}

}  // namespace ekiden::integration
