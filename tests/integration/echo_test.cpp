// echo under real clients: every byte comes back, in every way that a connection can go.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/echo_load.hpp"
#include "tests/integration/harness/proc_info.hpp"
#include "tests/integration/harness/scale.hpp"
#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

constexpr std::size_t kMegabyte = 1024 * 1024;

json stats(DaemonProcess& daemon) { return daemon.control().call_plugin("echo", "stats"); }

bool settles_at(DaemonProcess& daemon, const char* counter, std::uint64_t value) {
  const bool settled =
      wait_until([&] { return stats(daemon).at("connections").at(counter) == value; });
  if (!settled) WARN(stats(daemon).dump());
  return settled;
}

}  // namespace

TEST_CASE("A thousand connections at once get a megabyte each back, byte for byte") {
  DaemonProcess daemon({"echo"});
  const std::size_t connections = scaled(1000, 100), bytes = scaled(kMegabyte, 128 * 1024);
  const std::size_t before = resident_bytes(daemon.pid());

  const EchoOutcome outcome =
      run_echo_load(daemon.echo_address(), connections, bytes, std::chrono::seconds(60));

  for (const std::string& error : outcome.errors)
    FAIL_CHECK(error);
  CHECK(outcome.completed == connections);
  CHECK(outcome.compared == std::uint64_t{connections} * bytes);
  CHECK(settles_at(daemon, "open", 0));
  const json end = stats(daemon);
  CHECK(end.at("connections").at("accepted") == connections);
  CHECK(end.at("connections").at("closed") == connections);
  CHECK(end.at("connections").at("reset") == 0);
  CHECK(end.at("bytes").at("in") == std::uint64_t{connections} * bytes);
  CHECK(end.at("bytes").at("out") == std::uint64_t{connections} * bytes);
  CHECK(end.at("buffers").at("held") == 0);

  const std::size_t peak = peak_resident_bytes(daemon.pid());
  const std::size_t after = resident_bytes(daemon.pid());
  WARN("resident memory in KiB: before " << before / 1024 << ", peak " << peak / 1024 << ", after "
                                         << after / 1024);
  // A buffer and a slot each, and a fixed sum for the allocator's own needs.
  if (!kSanitized) CHECK(peak < before + connections * 24 * 1024 + 32 * kMegabyte);
}

TEST_CASE("A client that ends its stream first gets all the rest back, and then the end") {
  DaemonProcess daemon({"echo"});
  TcpClient client(daemon.echo_address());
  const std::string_view data = random_bytes(1, 300'000);
  client.send_all(data);
  client.end_stream();
  CHECK(client.read_exactly(data.size()) == data);
  CHECK(client.at_end());
  CHECK(settles_at(daemon, "closed", 1));
}

TEST_CASE("A client that says nothing and ends its stream gets the end") {
  DaemonProcess daemon({"echo"});
  TcpClient client(daemon.echo_address());
  client.end_stream();
  CHECK(client.at_end());
  CHECK(settles_at(daemon, "closed", 1));
}

TEST_CASE("A reset connection is counted and harms nobody") {
  DaemonProcess daemon({"echo"});
  const std::string address = daemon.echo_address();
  TcpClient other(address);
  {
    TcpClient idle(address);
    REQUIRE(settles_at(daemon, "open", 2));
    idle.reset();
  }
  CHECK(settles_at(daemon, "reset", 1));
  {
    // Reset while the server cannot send: it waits to write, not to read.
    TcpClient stuffed(address, 4096);
    const std::string_view data = random_bytes(0, 256 * 1024);
    while (stats(daemon).at("buffers").at("held") == 0)
      stuffed.send_some(data);
    stuffed.reset();
  }
  CHECK(settles_at(daemon, "reset", 2));
  CHECK(settles_at(daemon, "open", 1));
  CHECK(stats(daemon).at("buffers").at("held") == 0);
  other.send_all("still here");
  CHECK(other.read_exactly(10) == "still here");
}

TEST_CASE(
    "An unload answers what was sent, lets connections end cleanly, and cuts who never reads") {
  DaemonProcess daemon({"echo"}, {{"plugins", {{"unload_ms", 3000}}}});
  const std::string address = daemon.echo_address();
  const bool with_slow_reader = GENERATE(false, true);
  std::vector<TcpClient> idle;
  for (int i = 0; i < 8; i++)
    idle.emplace_back(address);
  TcpClient sender(address);
  REQUIRE(settles_at(daemon, "open", 9));
  TcpClient slow(address, 4096);
  if (with_slow_reader) {
    while (stats(daemon).at("buffers").at("held") == 0)
      slow.send_some(random_bytes(0, 256 * 1024));
  }
  sender.send_all("one more");
  const json unloaded = daemon.control().call("plugin.unload", {{"name", "echo"}});
  CHECK(unloaded.at("name") == "echo");
  CHECK(sender.read_exactly(8) == "one more");
  CHECK(sender.at_end());
  for (TcpClient& client : idle)
    CHECK(client.at_end());
}

TEST_CASE("Clients that never read cost a buffer each, and then their own sends block") {
  DaemonProcess daemon({"echo"});
  const std::string address = daemon.echo_address();
  const std::size_t before = resident_bytes(daemon.pid());
  const std::size_t clients = scaled(200, 40);
  const std::string_view data = random_bytes(0, 256 * 1024);

  std::vector<TcpClient> slow;
  for (std::size_t i = 0; i < clients; i++)
    slow.emplace_back(address, 4096);
  // They send until nothing moves any more: the server has stopped to read all of them.
  std::size_t sent = 0;
  wait_until([&] {
    std::size_t moved = 0;
    for (TcpClient& client : slow)
      moved += client.send_some(data);
    sent += moved;
    return moved == 0 && stats(daemon).at("buffers").at("held") == clients;
  });

  const json held = stats(daemon);
  CHECK(held.at("buffers").at("held") == clients);
  const std::uint64_t in = held.at("bytes").at("in"), out = held.at("bytes").at("out");
  CHECK(in - out <= clients * held.at("buffers").at("bytes_each").get<std::uint64_t>());
  if (!kSanitized) {
    CHECK(resident_bytes(daemon.pid()) < before + clients * 24 * 1024 + 16 * kMegabyte);
  }
  // The kernel's buffers, and not the server, hold what was sent.
  CHECK(sent > in);

  // One that reads after all gets everything.
  TcpClient quick(address);
  quick.send_all("quick");
  CHECK(quick.read_exactly(5) == "quick");
  slow.clear();
  CHECK(wait_until([&] { return stats(daemon).at("buffers").at("held") == 0; }));
}

TEST_CASE("A slow reader gets every byte in the end") {
  DaemonProcess daemon({"echo"});
  TcpClient client(daemon.echo_address(), 4096);
  const std::string_view data = random_bytes(7, 4 * kMegabyte);
  std::size_t sent = 0;
  wait_until([&] {
    sent += client.send_some(data.substr(sent));
    return sent == data.size() || stats(daemon).at("buffers").at("held") == 1;
  });
  client.end_stream();
  CHECK(client.read_exactly(sent) == data.substr(0, sent));
  CHECK(client.at_end());
}

TEST_CASE("stats takes no parameters, and echo has no other command") {
  DaemonProcess daemon({"echo"});
  CHECK_THROWS_AS(daemon.control().call_plugin("echo", "stats", {{"all", 1}}), ControlError);
  CHECK_THROWS_WITH(daemon.control().call_plugin("echo", "status"), Catch::Contains("stats"));
}

TEST_CASE("Wrong settings of echo are refused with a sentence, and the daemon goes on") {
  struct Row {
    json config;
    std::string says;
  };
  const std::vector<Row> table = {
      {{{"lisen", "127.0.0.1:0"}}, "lisen"},
      {{{"listen", 7007}}, "listen"},
      {{{"listen", ""}}, "listen"},
      {{{"listen", "localhost:0"}}, "localhost:0"},
      {{{"listen", "127.0.0.1:65536"}}, "127.0.0.1:65536"},
      {{{"listen", std::string(100, '1')}}, "listen"},
      {{{"backlog", 0}}, "backlog"},
      {{{"backlog", -1}}, "backlog"},
      {{{"backlog", 1.5}}, "backlog"},
      {{{"max_connections", 0}}, "max_connections"},
      {{{"max_connections", "many"}}, "max_connections"},
      {{{"max_connections", json::array({1})}}, "max_connections"},
  };
  for (const Row& row : table) {
    json settings = {{"plugins", {{"settings", {{"echo", {{"config", row.config}}}}}}}};
    DaemonProcess daemon({"echo", "hello_c"}, settings);
    const json echo = daemon.control().call("plugin.info", {{"name", "echo"}});
    INFO(row.config.dump() << " -> " << echo.dump());
    CHECK(echo.at("state") == "failed");
    CHECK(echo.at("error").get<std::string>().find(row.says) != std::string::npos);
    CHECK(daemon.ctl({"status"}).exit_code == 0);
  }
}

TEST_CASE("An address that is taken is a refused start with the system's reason") {
  DaemonProcess first({"echo"});
  json settings = {
      {"plugins", {{"settings", {{"echo", {{"config", {{"listen", first.echo_address()}}}}}}}}}};
  DaemonProcess second({"echo"}, settings);
  const json echo = second.control().call("plugin.info", {{"name", "echo"}});
  INFO(echo.dump());
  CHECK(echo.at("state") == "failed");
  CHECK(echo.at("error").get<std::string>().find("in use") != std::string::npos);
}

}  // namespace ekiden::integration
