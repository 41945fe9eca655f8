// The end of a daemon: orderly under load, named when it cannot be, and at once when asked twice.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/echo_load.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

json with_report(const std::filesystem::path& report, int grace_ms) {
  return {{"shutdown", {{"grace_ms", grace_ms}}},
          {"plugins", {{"settings", {{"mischief", {{"config", {{"report", report.string()}}}}}}}}}};
}

bool sleeper_runs(DaemonProcess& daemon) {
  for (const json& worker : daemon.list("worker")) {
    const json& current = worker.at("current");
    if (current.is_object() && current.at("type") == "sleeper") return true;
  }
  return false;
}

}  // namespace

TEST_CASE("SIGTERM under load: every task is dropped and the daemon ends with 0 in its grace") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  const TempFolder reports;
  const std::filesystem::path report = reports.path() / "report.json";
  const int grace_ms = 6000;
  const std::size_t tasks = scaled(2000, 200);
  EchoNoise noise(4);
  DaemonProcess daemon({"echo", "hello_c", "mischief"}, with_report(report, grace_ms));
  noise.aim(daemon.echo_address());
  daemon.control().call_plugin("mischief", "linger", {{"n", tasks}});
  REQUIRE(wait_until([&] { return noise.round_trips() > 100; }));

  const Clock::time_point began = Clock::now();
  daemon.process().signal(signal);
  INFO(daemon.log());
  CHECK(daemon.process().wait() == std::optional<ExitCode>(0));
  CHECK(Clock::now() - began < std::chrono::milliseconds(grace_ms + 5000));
  CHECK(noise.wrong_bytes() == 0);
  const json counts = json::parse(read_text(report));
  CHECK(counts.at("created") == tasks);
  CHECK(counts.at("dropped") == tasks);
  CHECK_FALSE(std::filesystem::exists(daemon.folder().socket()));
}

TEST_CASE("A poll that does not return in the grace is 70, with its task and plugin in the log") {
  DaemonProcess daemon({"hello_c", "mischief"}, {{"shutdown", {{"grace_ms", 300}}}});
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 60'000}});
  REQUIRE(wait_until([&] { return sleeper_runs(daemon); }));
  daemon.process().signal(SIGTERM);
  CHECK(daemon.process().wait(std::chrono::seconds(20)) == std::optional<ExitCode>(70));
  INFO(daemon.log());
  CHECK(daemon.log_has("sleeper"));
  CHECK(daemon.log_has("mischief"));
}

TEST_CASE("A second SIGTERM ends the daemon at once") {
  DaemonProcess daemon({"hello_c", "mischief"}, {{"shutdown", {{"grace_ms", 600'000}}}});
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 600'000}});
  REQUIRE(wait_until([&] { return sleeper_runs(daemon); }));
  daemon.process().signal(SIGTERM);
  CHECK(wait_until([&] { return daemon.control().call("status").at("state") == "draining"; }));
  CHECK_FALSE(daemon.process().wait(std::chrono::milliseconds(300)));
  daemon.process().signal(SIGTERM);
  const std::optional<ExitCode> code = daemon.process().wait(std::chrono::seconds(20));
  REQUIRE(code);
  CHECK(*code != 0);
}

TEST_CASE("The shutdown command ends the daemon as SIGTERM does") {
  DaemonProcess daemon({"echo", "hello_c"});
  CHECK(daemon.ctl({"shutdown"}).exit_code == 0);
  CHECK(daemon.process().wait() == std::optional<ExitCode>(0));
}

TEST_CASE("A draining daemon takes no new work and still answers") {
  DaemonProcess daemon({"hello_c", "mischief"}, {{"shutdown", {{"grace_ms", 3000}}}});
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 1500}});
  REQUIRE(wait_until([&] { return sleeper_runs(daemon); }));
  daemon.control().call("shutdown");
  CHECK_THROWS_AS(daemon.control().call("plugin.load", {{"name", "hello_c"}}), ControlError);
  CHECK(daemon.process().wait() == std::optional<ExitCode>(0));
}

}  // namespace ekiden::integration
