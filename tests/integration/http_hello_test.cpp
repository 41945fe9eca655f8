// http_hello under clients that behave, and under those that do not.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/scale.hpp"
#include "tests/integration/harness/tcp_client.hpp"
#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

const std::string kHello =
    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!";

json settings(json config) {
  if (!config.contains("listen")) config["listen"] = "127.0.0.1:0";
  return {{"plugins", {{"settings", {{"http_hello", {{"config", std::move(config)}}}}}}}};
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

std::string get(const std::string& path = "/", const std::string& more = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; i++)
    all += text;
  return all;
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

}  // namespace

TEST_CASE("http_hello answers one request after another on a connection that is kept") {
  DaemonProcess daemon({"http_hello"}, settings({}));
  TcpClient client(address_of(daemon));
  for (int i = 0; i < 20; i++) {
    client.send_all(get());
    REQUIRE(client.read_exactly(kHello.size()) == kHello);
  }
  client.send_all(get("/elsewhere"));
  const Answer elsewhere = read_answer(client);
  CHECK(elsewhere.status() == 404);
  CHECK(elsewhere.body.size() == 13);

  client.send_all("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  const Answer head = read_answer(client, /*with_body=*/false);
  CHECK(head.status() == 200);
  CHECK(head.has("Content-Length: 13\r\n"));
  client.send_all(get("/", "Connection: close\r\n"));
  const Answer last = read_answer(client);
  CHECK(last.body == "Hello, World!");
  CHECK(last.has("Connection: close\r\n"));
  CHECK(client.at_end());
}

TEST_CASE("http_hello answers many requests that come at once, in order") {
  DaemonProcess daemon({"http_hello"}, settings({}));
  TcpClient client(address_of(daemon));
  // The request that is elsewhere shows the order.
  client.send_all(repeated(get(), 10) + get("/elsewhere") + repeated(get(), 3));
  CHECK(client.read_exactly(10 * kHello.size()) == repeated(kHello, 10));
  CHECK(read_answer(client).status() == 404);
  CHECK(client.read_exactly(3 * kHello.size()) == repeated(kHello, 3));

  // More than one buffer of either side: the shortest requests have the longest answers.
  const std::string shortest = "GET /x HTTP/1.1\r\nHost:\r\n\r\n";
  client.send_all(repeated(shortest, 2000));
  for (int i = 0; i < 2000; i++)
    REQUIRE(read_answer(client).status() == 404);
}

TEST_CASE("A request may come in pieces of any size, and its client may take its time") {
  DaemonProcess daemon({"http_hello"}, settings({}));
  TcpClient client(address_of(daemon));
  const std::string request = get("/", "A: " + std::string(100, 'b') + "\r\n");
  for (const char c : request)
    client.send_all(std::string(1, c));
  CHECK(client.read_exactly(kHello.size()) == kHello);
  for (std::size_t cut = 1; cut < request.size(); cut += 7) {
    client.send_all(request + request.substr(0, cut));
    REQUIRE(client.read_exactly(kHello.size()) == kHello);
    client.send_all(request.substr(cut));
    REQUIRE(client.read_exactly(kHello.size()) == kHello);
  }
}

TEST_CASE("A client that does not read holds up nobody, and gets everything once it does") {
  DaemonProcess daemon({"http_hello"}, settings({}));
  const std::string address = address_of(daemon);
  TcpClient greedy(address, 4096);
  const std::string row = repeated(get(), 100);
  std::string sent;
  while (true) {
    const std::size_t taken = greedy.send_some(row);
    sent += row.substr(0, taken);
    if (taken < row.size()) break;
  }
  TcpClient other(address);
  other.send_all(get());
  CHECK(other.read_exactly(kHello.size()) == kHello);

  const std::size_t whole = sent.size() / get().size();
  REQUIRE(whole > 0);
  REQUIRE(greedy.read_exactly(whole * kHello.size()) == repeated(kHello, whole));
}

TEST_CASE("A client that ends its side gets the answers to what it sent before") {
  DaemonProcess daemon({"http_hello"}, settings({}));
  TcpClient client(address_of(daemon));
  client.send_all(repeated(get(), 50) + "GET / HT");
  client.end_stream();
  CHECK(client.read_exactly(50 * kHello.size()) == repeated(kHello, 50));
  CHECK(client.at_end());
  CHECK(wait_until([&] { return daemon.list("task").size() == 1; }));  // the acceptor
}

TEST_CASE("http_hello refuses what is no proper request, and ends the connection") {
  DaemonProcess daemon({"http_hello"}, settings({}));
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
      {"another method", "POST / HTTP/1.1\r\n" + host + "\r\n", 405},
      {"another version", "GET / HTTP/2.0\r\n" + host + "\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"a body", get("/", "Content-Length: 5\r\n") + "12345", 400},
      {"chunks", get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"a field without a name", get("/", ": x\r\n"), 400},
      {"a folded field", get("/", "A: b\r\n c\r\n"), 400},
      {"a zero byte", get("/", std::string("A: \0b\r\n", 7)), 400},
      {"a bare line feed", get("/", "A: b\nB: c\r\n"), 400},
      {"an absolute target", "GET http://x/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"a request behind it", "hello\r\n\r\n" + get(), 400},
      {"too long", get("/", "A: " + std::string(9000, 'b') + "\r\n"), 431},
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
  TcpClient old(address);
  old.send_all("GET / HTTP/1.0\r\n\r\n");
  CHECK(read_answer(old).body == "Hello, World!");
  CHECK(old.at_end());
}

TEST_CASE("http_hello serves many clients, at its limit and beyond, and goes under load") {
  DaemonProcess daemon({"http_hello"}, settings({{"max_connections", 20}}));
  const std::string address = address_of(daemon);
  const std::size_t count = scaled(200, 60);
  std::vector<TcpClient> clients;
  for (std::size_t i = 0; i < count; i++) {
    clients.emplace_back(address);
    clients.back().send_all(get());
  }
  // Who has been answered goes, and makes room for the next.
  for (TcpClient& client : clients) {
    REQUIRE(client.read_exactly(kHello.size()) == kHello);
    client.end_stream();
  }
  clients.clear();
  for (int i = 0; i < 20; i++) {
    clients.emplace_back(address);
    clients.back().send_all(get() + "GET / HT");
  }
  CHECK(daemon.ctl({"plugin", "unload", "http_hello"}).exit_code == ExitCode(0));
}

TEST_CASE("A wrong setting refuses http_hello with a sentence that names it") {
  struct Row {
    json config;
    const char* says;
  };
  const Row rows[] = {
      {{{"listn", "127.0.0.1:1"}}, "listn"},
      {{{"listen", 8080}}, "must be an address"},
      {{{"max_connections", 0}}, "1 to 1000000"},
  };
  for (const Row& row : rows) {
    INFO(row.config.dump());
    DaemonProcess daemon({"http_hello"}, settings(row.config));
    const json plugins = daemon.list("plugin");
    REQUIRE(plugins.size() == 1);
    CHECK(plugins[0].at("state") == "failed");
    CHECK(plugins[0].at("error").get<std::string>().find(row.says) != std::string::npos);
  }
}

}  // namespace ekiden::integration
