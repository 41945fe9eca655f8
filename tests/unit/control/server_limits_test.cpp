// A slow or hostile client costs only itself.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/control/support/test_server.hpp"

using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;
using nlohmann::json;

namespace {

bool answers(const TestServer& server) {
  RawClient client = server.client();
  return outcome_of(client.ask(R"({"jsonrpc":"2.0","id":1,"method":"test.echo"})")) == "result";
}

}  // namespace

TEST_CASE("the 65th connection is told why and closed, and a freed place is taken") {
  TestServer server;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < kConnectionsMax; i++) {
    clients.push_back(server.client());
    REQUIRE(clients.back().send(request(1, "test.echo")));
    REQUIRE(outcome_of(clients.back().line()) == "result");
  }
  RawClient refused = server.client();
  const auto line = refused.line();
  CHECK(outcome_of(line) == "busy");
  CHECK(id_of(line) == nullptr);
  CHECK(refused.ended());

  clients.pop_back();
  CHECK(eventually([&] { return answers(server); }));
  CHECK(outcome_of(clients.front().ask(R"({"jsonrpc":"2.0","id":1,"method":"test.echo"})")) ==
        "result");
}

TEST_CASE("clients that went away with requests in flight do not hold their places") {
  TestServer server;
  {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < kConnectionsMax; i++) {
      clients.push_back(server.client());
      // As many as pause the reading, so that the server does not look at the socket.
      for (std::size_t n = 0; n < kInFlightMax; n++) {
        REQUIRE(clients.back().send(request(1, "test.hold")));
      }
    }
    REQUIRE(eventually([&] { return server.held() == kConnectionsMax * kInFlightMax; }));
  }
  CHECK(eventually([&] { return answers(server); }));
  server.release_all();
  CHECK(answers(server));
}

TEST_CASE("at most 32 requests of a connection are in flight, the rest waits and none is lost") {
  constexpr std::size_t kAll = 3 * kInFlightMax + 1;
  TestServer server;
  RawClient client = server.client();
  for (std::size_t id = 0; id < kAll; id++) {
    REQUIRE(client.send(request(static_cast<std::int64_t>(id), "test.hold")));
  }
  std::size_t answered = 0;
  while (answered < kAll) {
    const std::size_t batch = std::min(kInFlightMax, kAll - answered);
    REQUIRE(eventually([&] { return server.held() == batch; }));
    CHECK(answers(server));  // another client is not held up, and time passes
    CHECK(server.held() == batch);
    server.release_all();
    for (std::size_t i = 0; i < batch; i++) {
      REQUIRE(id_of(client.line()) == static_cast<std::int64_t>(answered++));
    }
  }
}

TEST_CASE("a client that never reads is read no more, until it reads") {
  TestServer server;
  RawClient greedy = server.client();
  const std::string ask_big = request(1, "test.bytes", R"({"count":300000})");
  // The server stops taking requests, the kernel's buffer fills, and nothing more goes.
  constexpr std::size_t kEndless = 1'000'000;
  std::size_t sent = 0;
  while (sent < kEndless && greedy.send_some(ask_big) == ask_big.size())
    sent++;
  CHECK(sent < kEndless);
  for (int i = 0; i < 20; i++)
    CHECK(answers(server));
  // More than the server had kept for it: reading makes it take requests again.
  for (int i = 0; i < 12; i++)
    REQUIRE(outcome_of(greedy.line()) == "result");
}

TEST_CASE("an answer beyond a connection's share of memory is replaced by a short error") {
  TestServer server;
  RawClient client = server.client();
  for (int id = 0; id < 3; id++)
    REQUIRE(client.send(request(id, "test.hold")));
  REQUIRE(eventually([&] { return server.held() == 3; }));
  // Answers of 3.5 MB each: what is beyond 8 MiB and the kernel's own buffer is dropped.
  server.release_all(std::string(3'500'000, 'x'));
  std::vector<std::string> outcomes;
  for (int id = 0; id < 3; id++)
    outcomes.push_back(outcome_of(client.line()));
  CHECK(outcomes == std::vector<std::string>{"result", "result", "busy"});
}

TEST_CASE("a flood of garbage is answered as far as it is read, and others are served meanwhile") {
  TestServer server;
  RawClient flood = server.client();
  std::mt19937 random(7);
  std::string garbage(256 * 1024, '\0');
  for (char& byte : garbage)
    byte = static_cast<char>(random());
  for (int i = 0; i < 64; i++) {
    static_cast<void>(flood.send_some(garbage));
    if (i % 16 == 0) REQUIRE(answers(server));
  }
  CHECK(outcome_of(flood.line()) == "parse_error");
  flood.close();
  CHECK(answers(server));
}

TEST_CASE("a line that never ends costs no memory and can be ended") {
  TestServer server;
  RawClient client = server.client();
  const std::string piece(1024 * 1024, 'x');
  for (int i = 0; i < 16; i++)
    REQUIRE(client.send(piece));
  CHECK(outcome_of(client.line()) == "parse_error");
  REQUIRE(client.send("\n" + request(2, "test.echo")));
  CHECK(id_of(client.line()) == 2);
}

TEST_CASE("clients that come and go leave nothing behind") {
  TestServer server;
  for (int i = 0; i < 500; i++) {
    RawClient client = server.client();
    if (i % 3 == 0) static_cast<void>(client.send(request(1, "test.echo")));
    if (i % 5 == 0) static_cast<void>(client.send("half a li"));
    if (i % 7 == 0) client.shut_down_writing();
  }
  CHECK(eventually([&] { return answers(server); }));
}

TEST_CASE("without a descriptor left, clients wait and are served later") {
  TestServer server;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // The client's own socket is the last descriptor that there is.
  const int next = ::dup(0);
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  RawClient client = server.client();
  const bool connected = client.connected();
  const bool sent = connected && client.send(request(1, "test.echo"));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(connected);
  REQUIRE(sent);
  CHECK(outcome_of(client.line()) == "result");
}

TEST_CASE("a request with many parts lets other clients in between, and its own wait for it") {
  TestServer server;
  server.set_parts(1'000'000'000);
  RawClient busy = server.client();
  RawClient busy_too = server.client();
  REQUIRE(busy.send(request(1, "test.parts") + request(2, "test.echo") + request(3, "test.parts")));
  REQUIRE(busy_too.send(request(4, "test.parts")));
  REQUIRE(eventually([&] { return server.parts_done() > 10; }));
  for (int i = 0; i < 20; i++)
    CHECK(answers(server));
  server.set_parts(1);
  for (const int id : {1, 2, 3})
    CHECK(id_of(busy.line()) == id);
  CHECK(id_of(busy_too.line()) == 4);
}

TEST_CASE("the parts of a client that has gone are not done any more") {
  TestServer server;
  server.set_parts(1'000'000'000);
  RawClient busy = server.client();
  REQUIRE(busy.send(request(1, "test.parts")));
  REQUIRE(eventually([&] { return server.parts_done() > 20; }));
  busy.close();
  REQUIRE(eventually([&] {
    static_cast<void>(answers(server));
    const std::uint64_t before = server.parts_done();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return server.parts_done() == before;
  }));
  CHECK(answers(server));
}

TEST_CASE("a server stops with requests whose parts are not done") {
  TestServer server;
  server.set_parts(1'000'000'000);
  RawClient busy = server.client();
  REQUIRE(busy.send(request(1, "test.parts")));
  REQUIRE(eventually([&] { return server.parts_done() > 3; }));
  server.stop();
  CHECK(busy.ended());
}
