// echo at its limits: max_connections, no descriptors left, no tasks left.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/proc_info.hpp"
#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

json stats(DaemonProcess& daemon) { return daemon.control().call_plugin("echo", "stats"); }

json connections(DaemonProcess& daemon) { return stats(daemon).at("connections"); }

bool echoes(TcpClient& client) {
  client.send_all("ping");
  return client.read_exactly(4) == "ping";
}

}  // namespace

TEST_CASE("At max_connections further clients wait in the backlog and are served later") {
  DaemonProcess daemon(
      {"echo"}, {{"plugins", {{"settings", {{"echo", {{"config", {{"max_connections", 3}}}}}}}}}});
  const std::string address = daemon.echo_address();
  std::vector<TcpClient> clients;
  for (int i = 0; i < 5; i++)
    clients.emplace_back(address);
  for (int i = 0; i < 3; i++)
    CHECK(echoes(clients[static_cast<std::size_t>(i)]));
  CHECK(connections(daemon).at("open") == 3);
  CHECK(connections(daemon).at("accepted") == 3);

  clients[3].send_all("ping");
  CHECK_FALSE(clients[3].readable_within(200));
  clients.erase(clients.begin());
  CHECK(clients[2].read_exactly(4) == "ping");
  CHECK(stats(daemon).at("pauses").at("limit") >= 1);

  clients.erase(clients.begin(), clients.begin() + 2);
  CHECK(echoes(clients.back()));
}

TEST_CASE("Without descriptors echo waits, and takes the rest when there are some again") {
  DaemonProcess daemon({"echo"});
  const std::string address = daemon.echo_address();
  // All of it has run once before: the undefined behaviour sanitizer checks an object's type at its
  // first virtual call, and needs descriptors of its own for that.
  daemon.control().call("status");
  { TcpClient(address).end_stream(); }
  REQUIRE(wait_until([&] {
    const json now = connections(daemon);
    return now.at("closed") == 1 && now.at("open") == 0;
  }));
  const rlim_t in_use = open_descriptors(daemon.pid());
  rlimit limit{};
  REQUIRE(prlimit(daemon.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  const rlimit low{in_use + 2, limit.rlim_max};
  REQUIRE(prlimit(daemon.pid(), RLIMIT_NOFILE, &low, nullptr) == 0);

  std::vector<TcpClient> clients;
  for (int i = 0; i < 6; i++)
    clients.emplace_back(address);
  CHECK(wait_until([&] { return stats(daemon).at("pauses").at("descriptors") >= 1; }));
  CHECK(daemon.control().call("status").at("pid") == daemon.pid());
  CHECK(connections(daemon).at("open") >= 1);

  SECTION("because the limit was raised") {
    REQUIRE(prlimit(daemon.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
    for (TcpClient& client : clients)
      CHECK(echoes(client));
  }
  SECTION("because connections went") {
    while (clients.size() > 1) {
      clients.erase(clients.begin());
      CHECK(echoes(clients.front()));
    }
  }
  CHECK(daemon.log_has("open files"));
}

TEST_CASE("Beyond the operator's limit of tasks a connection is refused at once") {
  DaemonProcess daemon({"echo"},
                       {{"plugins", {{"settings", {{"echo", {{"limits", {{"tasks", 3}}}}}}}}}});
  const std::string address = daemon.echo_address();
  TcpClient first(address), second(address);  // with the acceptor, three tasks
  CHECK(echoes(first));
  CHECK(echoes(second));
  TcpClient third(address);
  CHECK(third.at_end());
  CHECK(connections(daemon).at("refused") == 1);
  CHECK(echoes(first));
  CHECK(daemon.control().call("plugin.info", {{"name", "echo"}}).at("refusals") >= 1);
}

}  // namespace ekiden::integration
