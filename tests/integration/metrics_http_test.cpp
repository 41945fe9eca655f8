// metrics_http under clients that behave, and under those that do not.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/tcp_client.hpp"
#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

json settings(json config) {
  config["listen"] = "127.0.0.1:0";
  return {{"plugins", {{"settings", {{"metrics_http", {{"config", std::move(config)}}}}}}}};
}

// From the line that it logs when it starts.
std::string address_of(DaemonProcess& daemon) {
  const std::string log = daemon.log();
  const std::string before = "serving http://";
  const std::size_t begin = log.find(before);
  REQUIRE(begin != std::string::npos);
  const std::size_t from = begin + before.size();
  return log.substr(from, log.find('/', from) - from);
}

std::string get(const std::string& path, const std::string& more = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

struct Answer {
  std::string head;
  std::string body;
  int status() const { return std::stoi(head.substr(9, 3)); }
  bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
};

Answer read_answer(TcpClient& client, bool with_body = true) {
  Answer answer;
  while (answer.head.find("\r\n\r\n") == std::string::npos) {
    const std::string byte = client.read_exactly(1);
    if (byte.empty()) throw std::runtime_error("no answer, but: " + answer.head);
    answer.head += byte;
  }
  const std::string length = "Content-Length: ";
  const std::size_t at = answer.head.find(length);
  if (at == std::string::npos) throw std::runtime_error("no length: " + answer.head);
  if (with_body) answer.body = client.read_exactly(std::stoul(answer.head.substr(at + 16)));
  return answer;
}

Answer ask(const std::string& address, const std::string& request) {
  TcpClient client(address);
  client.send_all(request);
  return read_answer(client);
}

}  // namespace

TEST_CASE("Prometheus gets the daemon's metrics, and probes get their answers") {
  DaemonProcess daemon({"metrics_http", "hello_c"}, settings({}));
  const std::string address = address_of(daemon);

  const Answer metrics = ask(address, get("/metrics"));
  CHECK(metrics.status() == 200);
  CHECK(metrics.has("Content-Type: text/plain; version=0.0.4"));
  CHECK(metrics.body.find("# TYPE ekiden_task_poll_seconds histogram\n") != std::string::npos);
  CHECK(metrics.body.find("ekiden_plugin_info{plugin=\"hello_c\"") != std::string::npos);
  CHECK(metrics.body.find("ekiden_plugin_metrics_http_connections{plugin=\"metrics_http\"} ") !=
        std::string::npos);
  CHECK(metrics.body.back() == '\n');
  CHECK(ask(address, get("/healthz")).body == "ok\n");
  CHECK(ask(address, get("/readyz")).body == "ready\n");
  CHECK(ask(address, get("/readyz?verbose")).status() == 200);
  CHECK(ask(address, get("/elsewhere")).status() == 404);

  // What the control socket says is the same text, but for what has gone on.
  const Output printed = daemon.ctl({"metrics", "--format", "prometheus"});
  CHECK(printed.exit_code == ExitCode(0));
  CHECK(printed.out.find("# TYPE ekiden_task_poll_seconds histogram\n") != std::string::npos);
  CHECK(daemon.ctl({"metrics", "--format", "json"}).out.front() == '{');
  CHECK(daemon.ctl({"metrics", "--format", "xml"}).exit_code == ExitCode(2));
}

TEST_CASE("A connection is kept, requests come in a row, and ends when asked") {
  DaemonProcess daemon({"metrics_http"}, settings({}));
  const std::string address = address_of(daemon);
  TcpClient client(address);
  client.send_all(get("/healthz") + get("/metrics") + get("/nowhere") + get("/readyz"));
  CHECK(read_answer(client).body == "ok\n");
  CHECK(read_answer(client).body.find("ekiden_uptime_seconds") != std::string::npos);
  CHECK(read_answer(client).status() == 404);
  CHECK(read_answer(client).body == "ready\n");

  client.send_all("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const Answer head = read_answer(client, /*with_body=*/false);
  CHECK(head.has("Content-Length: 3\r\n"));
  CHECK(head.has("Connection: keep-alive\r\n"));
  // Byte by byte.
  for (const char c : get("/healthz", "Connection: close\r\n"))
    client.send_all(std::string(1, c));
  const Answer last = read_answer(client);
  CHECK(last.body == "ok\n");
  CHECK(last.has("Connection: close\r\n"));
  CHECK(client.at_end());

  TcpClient old(address);
  old.send_all("GET /healthz HTTP/1.0\r\n\r\n");
  CHECK(read_answer(old).body == "ok\n");
  CHECK(old.at_end());
}

TEST_CASE("What is no proper request is refused, and the connection ends") {
  DaemonProcess daemon({"metrics_http"}, settings({}));
  const std::string address = address_of(daemon);
  struct Row {
    const char* name;
    std::string request;
    int status;
  };
  const std::string host = "Host: x\r\n";
  const Row rows[] = {
      {"no HTTP", "hello\r\n\r\n", 400},
      {"nothing", "\r\n\r\n", 400},
      {"another method", "POST /metrics HTTP/1.1\r\n" + host + "\r\n", 405},
      {"another version", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET /healthz HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"a body", get("/healthz", "Content-Length: 5\r\n") + "12345", 400},
      {"chunks", get("/healthz", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"a field without a name", get("/healthz", ": x\r\n"), 400},
      {"a folded field", get("/healthz", "A: b\r\n c\r\n"), 400},
      {"a zero byte", get("/healthz", std::string("A: \0b\r\n", 7)), 400},
      {"a bare line feed", get("/healthz", "A: b\nB: c\r\n"), 400},
      {"an absolute target", "GET http://x/metrics HTTP/1.1\r\n" + host + "\r\n", 400},
      {"too long", get("/healthz", "A: " + std::string(9000, 'b') + "\r\n"), 431},
      {"endless", std::string(100'000, 'a'), 431},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    TcpClient client(address);
    client.send_all(row.request);
    const Answer answer = read_answer(client);
    CHECK(answer.status() == row.status);
    CHECK(answer.has("Connection: close\r\n"));
    CHECK(client.at_end());
  }
  CHECK(ask(address, get("/healthz")).status() == 200);
}

TEST_CASE("Clients that say nothing, trickle, or do not read are bounded") {
  DaemonProcess daemon({"metrics_http"}, settings({{"timeout_ms", 500}, {"max_connections", 3}}));
  const std::string address = address_of(daemon);
  TcpClient silent(address);
  TcpClient partial(address);
  partial.send_all("GET /metrics HT");
  TcpClient greedy(address, 4096);
  for (int i = 0; i < 50; ++i)
    static_cast<void>(greedy.send_some(get("/metrics")));
  // No room: this one waits until they are sent away.
  TcpClient waiting(address);
  waiting.send_all(get("/healthz", "Connection: close\r\n"));
  CHECK(read_answer(waiting).body == "ok\n");
  CHECK(silent.at_end());
  CHECK(partial.at_end());
  CHECK(wait_until([&] {
    const json tasks = daemon.list("task");
    return tasks.size() == 1;  // the acceptor
  }));
}

TEST_CASE("A port in use refuses the plugin and not the daemon") {
  DaemonProcess first({"metrics_http"}, settings({}));
  const std::string taken = address_of(first);
  json config = settings({});
  config["plugins"]["settings"]["metrics_http"]["config"]["listen"] = taken;
  DaemonProcess second({"metrics_http", "hello_c"}, config);
  for (const json& row : second.list("plugin")) {
    if (row.at("name") == "hello_c") CHECK(row.at("state") == "running");
    if (row.at("name") != "metrics_http") continue;
    CHECK(row.at("state") == "failed");
    CHECK(row.at("error").get<std::string>().find("in use") != std::string::npos);
  }
  CHECK(ask(taken, get("/readyz")).status() == 200);
}

TEST_CASE("An unload ends with requests under way, and takes the plugin's metrics along") {
  DaemonProcess daemon({"metrics_http"}, settings({}));
  const std::string address = address_of(daemon);
  std::vector<TcpClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(address);
    clients.back().send_all(get("/metrics") + get("/metrics"));
  }
  CHECK(daemon.ctl({"plugin", "unload", "metrics_http"}).exit_code == ExitCode(0));
  CHECK(daemon.control().call("metrics").at("plugin_metrics").empty());
}

TEST_CASE("A wrong setting refuses the plugin with a sentence that names it") {
  struct Row {
    json config;
    const char* says;
  };
  const Row rows[] = {
      {{{"listn", "127.0.0.1:1"}}, "listn"},
      {{{"max_connections", 0}}, "1 to 10000"},
      {{{"timeout_ms", "soon"}}, "10 to 3600000"},
  };
  for (const Row& row : rows) {
    INFO(row.config.dump());
    DaemonProcess daemon({"metrics_http"}, settings(row.config));
    const json plugins = daemon.list("plugin");
    REQUIRE(plugins.size() == 1);
    CHECK(plugins[0].at("state") == "failed");
    CHECK(plugins[0].at("error").get<std::string>().find(row.says) != std::string::npos);
  }
}

}  // namespace ekiden::integration
