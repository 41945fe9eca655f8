// One worker, and a task that holds it: the daemon still answers, and says who it is.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

const json kOneWorker = {{"runtime", {{"workers", 1}}}, {"plugins", {{"unload_ms", 300}}}};

std::string state_of(DaemonProcess& daemon, const std::string& plugin) {
  return daemon.control().call("plugin.info", {{"name", plugin}}).at("state");
}

}  // namespace

TEST_CASE("With its only worker stuck the daemon answers, and the log names the task") {
  DaemonProcess daemon({"hello_c", "mischief"}, kOneWorker);
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 5000}});
  const Clock::time_point began = Clock::now();
  for (const char* method : {"status", "plugin.list", "task.list", "worker.list", "queue.list"}) {
    daemon.control().call(method);
  }
  CHECK(Clock::now() - began < std::chrono::seconds(2));
  CHECK(wait_until([&] { return daemon.log_has("sleeper"); }, std::chrono::seconds(4)));
  const json worker = daemon.list("worker").at(0);
  CHECK(worker.at("current").at("type") == "sleeper");
  CHECK(worker.at("current").at("plugin") == "mischief");
}

TEST_CASE("A stuck task delays its own plugin's unload, which names it, and no other's") {
  DaemonProcess daemon({"hello_c", "mischief"}, kOneWorker);
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 5000}});
  REQUIRE(wait_until([&] { return daemon.list("worker").at(0).at("current").is_object(); }));

  const Output stuck = daemon.ctl({"plugin", "unload", "mischief"});
  INFO(stuck.err);
  CHECK(stuck.exit_code == 7);
  CHECK(stuck.err.find("sleeper") != std::string::npos);
  CHECK(state_of(daemon, "mischief") == "draining");

  const Clock::time_point began = Clock::now();
  CHECK(daemon.ctl({"plugin", "unload", "hello_c"}).exit_code == 0);
  CHECK(Clock::now() - began < std::chrono::seconds(2));

  CHECK(wait_until([&] { return daemon.ctl({"plugin", "unload", "mischief"}).exit_code == 0; }));
  CHECK(daemon.ctl({"plugin", "load", "mischief"}).exit_code == 0);
}

TEST_CASE("A replacement serves everybody else while the only worker is stuck, and then leaves") {
  DaemonProcess daemon({"echo", "mischief"}, kOneWorker);
  TcpClient client(daemon.echo_address());
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 2000}});
  REQUIRE(wait_until([&] { return daemon.list("worker").size() == 2; }));
  // Without a replacement none of these would come back before the poll does.
  int round_trips = 0;
  for (json workers = daemon.list("worker"); workers.at(0).at("state") == "stuck";
       workers = daemon.list("worker")) {
    CHECK(workers.at(0).at("current").at("type") == "sleeper");
    CHECK(workers.at(0).at("stuck_ms") >= 200);
    CHECK(workers.at(1).at("replaces") == 0);
    client.send_all("relay");
    CHECK(client.read_exactly(5) == "relay");
    ++round_trips;
  }
  CHECK(round_trips >= 3);
  CHECK(wait_until([&] { return daemon.list("worker").size() == 1; }));
  CHECK(wait_until([&] { return daemon.log_has("worker 0 is free again: 'mischief'"); }));
  CHECK(daemon.log_has("worker 0 is held up: 'mischief'"));
  CHECK(daemon.log_has("worker 0 is replaced by worker 1: 'mischief'"));
  const json metrics = daemon.control().call("metrics");
  CHECK(metrics.at("replacements") == json{{"started", 1}, {"active", 0}});
  CHECK(metrics.at("workers").at(0).at("stalls") == 1);
  CHECK(metrics.at("workers").at(0).at("longest_stall_ms") >= 1000);
  for (const json& plugin : metrics.at("plugins")) {
    CHECK(plugin.at("stalls") == (plugin.at("plugin") == "mischief" ? 1 : 0));
  }
  client.send_all("again");
  CHECK(client.read_exactly(5) == "again");
}

TEST_CASE("Without replacements a stuck worker is reported and nobody stands in") {
  json config = kOneWorker;
  config["runtime"]["stall"] = {{"replace_max", 0}};
  DaemonProcess daemon({"mischief"}, config);
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 1000}});
  REQUIRE(wait_until([&] { return daemon.list("worker").at(0).at("state") == "stuck"; }));
  CHECK(wait_until([&] { return daemon.log_has("worker 0 is free again"); }));
  CHECK_FALSE(daemon.log_has("is replaced"));
  CHECK(daemon.control().call("metrics").at("replacements").at("started") == 0);
}

TEST_CASE("A daemon that was stopped with SIGSTOP reports no stall of its own time") {
  json config = kOneWorker;
  config["runtime"]["stall"] = {{"report_ms", 2000}};
  DaemonProcess daemon({"mischief"}, config);
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 2500}});
  REQUIRE(wait_until([&] { return daemon.list("worker").at(0).at("current").is_object(); }));
  REQUIRE(kill(daemon.pid(), SIGSTOP) == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  REQUIRE(kill(daemon.pid(), SIGCONT) == 0);
  CHECK(wait_until([&] { return daemon.list("worker").at(0).at("current").is_null(); }));
  CHECK_FALSE(daemon.log_has("held up"));
}

TEST_CASE("A poll that outlives the grace is named, and the daemon exits with 70") {
  json config = kOneWorker;
  config["shutdown"] = {{"grace_ms", 500}};
  DaemonProcess daemon({"mischief"}, config);
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 60000}});
  REQUIRE(wait_until([&] { return daemon.list("worker").size() == 2; }));
  CHECK(daemon.stop() == 70);
  CHECK(daemon.log_has("sleeper"));
}

TEST_CASE("A blocking job that does not return delays its plugin's unload only") {
  DaemonProcess daemon({"hello_c", "mischief"}, kOneWorker);
  daemon.control().call_plugin("mischief", "job", {{"ms", 2000}});
  const Output stuck = daemon.ctl({"plugin", "unload", "mischief"});
  INFO(stuck.err);
  CHECK(stuck.exit_code == 7);
  CHECK(stuck.err.find("job") != std::string::npos);
  CHECK(daemon.ctl({"plugin", "unload", "hello_c"}).exit_code == 0);
  CHECK(wait_until([&] { return daemon.ctl({"plugin", "unload", "mischief"}).exit_code == 0; }));
}

TEST_CASE("A command that does not return holds up its own plugin only") {
  DaemonProcess daemon({"hello_c", "mischief"}, kOneWorker);
  const auto other = daemon.connect();
  other->send("plugin.call",
              {{"plugin", "mischief"}, {"method", "sleep_in_command"}, {"params", {{"ms", 2000}}}});
  const Clock::time_point began = Clock::now();
  CHECK(daemon.control().call_plugin("hello_c", "greet", {{"name", "Ada"}}).is_object());
  CHECK(Clock::now() - began < std::chrono::seconds(1));
  const Output stuck = daemon.ctl({"plugin", "unload", "mischief"});
  INFO(stuck.err);
  CHECK(stuck.exit_code == 7);
  CHECK(stuck.err.find("command") != std::string::npos);
  CHECK(wait_until([&] { return daemon.ctl({"plugin", "unload", "mischief"}).exit_code == 0; }));
}

}  // namespace ekiden::integration
