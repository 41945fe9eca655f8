// One worker, and a task that holds it: the daemon still answers, and says who it is.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

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
