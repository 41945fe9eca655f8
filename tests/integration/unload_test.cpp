// Unload and load, over and over, under load: nothing of the old generation stays.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/echo_load.hpp"
#include "tests/integration/harness/proc_info.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

constexpr std::size_t kCycles = scaled(200, 20);
// Allocator arenas and the like come to rest in the first cycles.
constexpr std::size_t kWarmUp = scaled(20, 5);
constexpr std::size_t kGrowthMaxBytes = 16 * 1024 * 1024;

struct Footprint {
  std::size_t descriptors;
  std::size_t threads;
  std::size_t resident;
};

Footprint footprint(pid_t pid) {
  return {open_descriptors(pid), thread_count(pid), resident_bytes(pid)};
}

void check_same(const Footprint& before, pid_t pid) {
  CHECK(wait_until(
      [&] {
        const Footprint now = footprint(pid);
        return now.descriptors <= before.descriptors && now.threads <= before.threads;
      },
      std::chrono::seconds(20)));
  const Footprint after = footprint(pid);
  INFO("descriptors " << before.descriptors << " -> " << after.descriptors << ", threads "
                      << before.threads << " -> " << after.threads << ", resident KiB "
                      << before.resident / 1024 << " -> " << after.resident / 1024);
  CHECK(after.descriptors <= before.descriptors);
  CHECK(after.threads <= before.threads);
  if (!kSanitized) CHECK(after.resident < before.resident + kGrowthMaxBytes);
}

// Mapped files of plugins that the process still has.
std::size_t mapped_copies(pid_t pid, const std::string& plugin) {
  const std::string maps = read_text("/proc/" + std::to_string(pid) + "/maps");
  std::size_t count = 0;
  for (std::size_t at = 0; (at = maps.find("/" + plugin + "-", at)) != std::string::npos; at++) {
    const std::size_t line = maps.rfind('\n', at) + 1;
    if (maps.find("r-xp", line) < at) count++;
  }
  return count;
}

}  // namespace

TEST_CASE("echo is unloaded under load and loaded again, many times in a row") {
  EchoNoise noise(4);
  DaemonProcess daemon({"echo"}, {{"plugins", {{"unload_ms", 100}}}});
  Footprint before{};
  std::uint64_t round_trips = 0;
  for (std::size_t cycle = 0; cycle < kCycles; cycle++) {
    noise.aim(daemon.echo_address());
    REQUIRE(wait_until([&] { return noise.round_trips() > round_trips + 10; }));
    round_trips = noise.round_trips();
    if (cycle == kWarmUp) before = footprint(daemon.pid());
    INFO("cycle " << cycle);
    // Open connections may use up the time; what is left of it then is short, and a later unload
    // goes on.
    REQUIRE(wait_until([&] {
      const Output output = daemon.ctl({"plugin", "unload", "echo"});
      if (output.exit_code != 0) WARN(output.err);
      return output.exit_code == 0;
    }));
    REQUIRE(daemon.ctl({"plugin", "load", "echo"}).exit_code == 0);
  }
  CHECK(noise.wrong_bytes() == 0);
  CHECK(mapped_copies(daemon.pid(), "echo") == 1);
  check_same(before, daemon.pid());
  const json echo = daemon.control().call("plugin.info", {{"name", "echo"}});
  CHECK(echo.at("generation") == kCycles + 1);
}

TEST_CASE("The statics of a C++ plugin start fresh with every load") {
  DaemonProcess daemon({"statics"});
  ControlClient& control = daemon.control();
  Footprint before{};
  for (std::size_t cycle = 0; cycle < kCycles; cycle++) {
    for (int call = 1; call <= 2; call++) {
      const json counts = control.call_plugin("statics", "count");
      for (const auto& [name, value] : counts.items()) {
        INFO("cycle " << cycle << ", " << name);
        REQUIRE(value == call);
      }
    }
    if (cycle == kWarmUp) before = footprint(daemon.pid());
    CHECK(control.call("plugin.unload", {{"name", "statics"}}).at("mapped") == false);
    control.call("plugin.load", {{"name", "statics"}});
  }
  CHECK(mapped_copies(daemon.pid(), "statics") == 1);
  check_same(before, daemon.pid());
}

TEST_CASE(
    "Thread-local objects that a plugin left on the workers are destroyed in a mapped library") {
  const int workers = GENERATE(1, 2, 4, 8);
  INFO(workers << " workers");
  DaemonProcess daemon({"tls"}, {{"runtime", {{"workers", workers}}}});
  ControlClient& control = daemon.control();
  for (int cycle = 0; cycle < 3; cycle++) {
    // At least the lifecycle thread's and one worker's; fresh, so none of the generation before.
    const int objects = control.call_plugin("tls", "spread");
    CHECK(objects >= 2);
    CHECK(objects <= workers + 1);
    const json unloaded = control.call("plugin.unload", {{"name", "tls"}});
    CHECK(unloaded.at("mapped") == true);
    CHECK(unloaded.at("mapped_because") != "");
    control.call("plugin.load", {{"name", "tls"}});
  }
  daemon.process().signal(SIGTERM);
  INFO(daemon.log());
  CHECK(daemon.process().wait() == std::optional<ExitCode>(0));
}

TEST_CASE("What a plugin leaks comes back when it is unloaded") {
  DaemonProcess daemon({"mischief"}, {{"plugins", {{"unload_ms", 2000}}}});
  ControlClient& control = daemon.control();
  Footprint before{};
  for (std::size_t cycle = 0; cycle < scaled(30, 5); cycle++) {
    control.call_plugin("mischief", "leak", {{"n", 20}});
    const json info = control.call("plugin.info", {{"name", "mischief"}});
    CHECK(info.at("timers") == 20);
    CHECK(info.at("descriptors") == 20);
    CHECK(info.at("memory_blocks") == 20);
    const json unloaded = control.call("plugin.unload", {{"name", "mischief"}});
    CHECK(unloaded.at("leaked_blocks") == 20);
    if (cycle == 3) before = footprint(daemon.pid());
    control.call("plugin.load", {{"name", "mischief"}});
  }
  // The plugin is loaded now and was not then: its lifecycle thread is one more.
  before.threads++;
  check_same(before, daemon.pid());
}

TEST_CASE("A file that is replaced under a running daemon changes nothing until the next load") {
  DaemonProcess daemon({"statics", "hello_c"});
  ControlClient& control = daemon.control();
  control.call_plugin("statics", "count");
  // In place, as a careless copy does it: the daemon runs from its own copy of the file.
  write_text(daemon.folder().plugins() / "statics.so", "no plugin any more");
  CHECK(control.call_plugin("statics", "count").at("plain") == 2);
  control.call("plugin.unload", {{"name", "statics"}});
  CHECK_THROWS_AS(control.call("plugin.load", {{"name", "statics"}}), ControlError);
  daemon.folder().add_plugin(built_plugin("statics"), "statics");
  control.call("plugin.load", {{"name", "statics"}});
  CHECK(control.call_plugin("statics", "count").at("plain") == 1);
}

}  // namespace ekiden::integration
