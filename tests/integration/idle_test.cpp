// An idle daemon is asleep: no thread of it runs, not even for a moment.
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/proc_info.hpp"
#include "tests/integration/harness/scale.hpp"
#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {
namespace {

using Switches = std::map<std::string, std::uint64_t>;

std::string difference(const Switches& before, const Switches& after) {
  std::string text;
  for (const auto& [thread, count] : after) {
    const auto found = before.find(thread);
    const std::uint64_t old = found == before.end() ? 0 : found->second;
    if (count != old) text += thread + ": " + std::to_string(count - old) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("An idle daemon has no context switches in ten seconds") {
  if (kWakesUpByItself) return;
  DaemonProcess daemon({"bench", "echo", "hello_c"});
  // It has worked before, and a client is connected and says nothing.
  TcpClient client(daemon.echo_address());
  client.send_all("hello");
  REQUIRE(client.read_exactly(5) == "hello");
  daemon.control().call_plugin("hello_c", "greet", {{"name", "Ada"}});

  Switches before = context_switches(daemon.pid());
  REQUIRE(wait_until([&] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const Switches now = context_switches(daemon.pid());
    return std::exchange(before, now) == now;
  }));
  std::this_thread::sleep_for(std::chrono::seconds(10));
  CHECK(difference(before, context_switches(daemon.pid())) == "");
}

}  // namespace ekiden::integration
