// Progress in front of an answer: what the client sees, and what whoever works for it learns.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/control/support/collecting_sink.hpp"
#include "tests/unit/control/support/fake_backends.hpp"
#include "tests/unit/control/support/test_server.hpp"

using namespace ekiden::daemon;
using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;
using nlohmann::json;

namespace {

std::shared_ptr<ProgressChannel> only_channel(TestServer& server) {
  REQUIRE(eventually([&] { return server.channels().size() == 1; }));
  return server.channels()[0];
}

json next(RawClient& client) { return json::parse(client.line().value_or("{}")); }

}  // namespace

TEST_CASE("progress comes in front of the answer, as notifications") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(R"({"jsonrpc":"2.0","id":"ü","method":"test.watch",)"
                      R"("params":{"progress":true}})"
                      "\n"));
  const auto channel = only_channel(server);
  CHECK(channel->tell(R"({"done":1})"));
  CHECK(channel->tell("2"));
  const json expected = {{"jsonrpc", "2.0"},
                         {"method", "plugin.progress"},
                         {"params", {{"id", "ü"}, {"plugin", "tester"}, {"data", {{"done", 1}}}}}};
  CHECK(next(client) == expected);
  CHECK(next(client)["params"]["data"] == 2);
  server.release_all();
  CHECK(next(client)["result"] == "released");
  CHECK_FALSE(channel->tell("3"));
}

TEST_CASE("who does not ask for progress gets none, and is waited for all the same") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.watch")));
  const auto channel = only_channel(server);
  CHECK(channel->tell("1"));
  REQUIRE(client.send(request(2, "test.echo")));
  CHECK(id_of(client.line()) == 2);
  client.close();
  CHECK(eventually([&] { return !channel->tell("1"); }));
  server.release_all();
}

TEST_CASE("a client that has gone is noticed, one that only sends no more is not gone") {
  const bool progress = GENERATE(true, false);
  TestServer server;
  RawClient client = server.client();
  const std::string params = progress ? R"({"progress":true})" : "{}";
  REQUIRE(client.send(request(1, "test.watch", params)));
  const auto channel = only_channel(server);

  RawClient half = server.client();
  REQUIRE(half.send(request(1, "test.watch", params)));
  REQUIRE(eventually([&] { return server.channels().size() == 2; }));
  const auto waiting = server.channels()[1];
  half.shut_down_writing();

  client.close();
  CHECK(eventually([&] { return !channel->tell("1"); }));
  CHECK(waiting->tell("1"));
  if (progress) CHECK(next(half)["params"]["data"] == 1);
  server.release_all();
  CHECK(next(half)["result"] == "released");
}

TEST_CASE("a notification's work goes on when its client has gone") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(R"({"jsonrpc":"2.0","method":"test.watch","params":{"progress":true}})"
                      "\n"));
  const auto channel = only_channel(server);
  REQUIRE(client.send(request(2, "test.watch")));
  REQUIRE(eventually([&] { return server.channels().size() == 2; }));
  client.close();
  REQUIRE(eventually([&] { return !server.channels()[1]->tell("1"); }));
  CHECK(channel->tell("1"));
  server.release_all();
  CHECK_FALSE(channel->tell("1"));
}

TEST_CASE("a client that does not read loses progress and not the answer") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.watch", R"({"progress":true})")));
  const auto channel = only_channel(server);
  const std::string big = '"' + std::string(60'000, 'x') + '"';
  constexpr int kTold = 200;
  for (int i = 0; i < kTold; i++)
    CHECK(channel->tell(big));
  // Others are served meanwhile.
  RawClient other = server.client();
  CHECK(outcome_of(other.ask(R"({"jsonrpc":"2.0","id":1,"method":"test.echo"})")) == "result");

  int seen = 0;
  std::uint64_t dropped = 0;
  // Reading makes room again, and the next event says what is missing.
  while (dropped == 0) {
    const json event = next(client);
    REQUIRE(event.contains("params"));
    dropped += event["params"].value("dropped", std::uint64_t{0});
    seen++;
    CHECK(channel->tell("1"));
  }
  CHECK(seen < kTold);
  CHECK(dropped > 0);
  CHECK(dropped < kTold + static_cast<std::uint64_t>(seen));
  server.release_all();
  json line;
  do {
    line = next(client);
  } while (line.contains("params"));
  CHECK(line["result"] == "released");
}

TEST_CASE("what the protocol does not carry is dropped and counted") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.watch", R"({"progress":true})")));
  const auto channel = only_channel(server);
  CHECK(channel->tell(R"({"a":1,"a":2})"));
  CHECK(channel->tell(std::string(31, '[') + std::string(31, ']')));
  CHECK(channel->tell("1"));
  const json event = next(client);
  CHECK(event["params"]["dropped"] == 2);
  CHECK(event["params"]["data"] == 1);
  server.release_all();
}

TEST_CASE("nothing comes after the answer, whoever is faster") {
  TestServer server;
  RawClient client = server.client();
  for (int round = 0; round < 30; round++) {
    REQUIRE(client.send(request(round, "test.watch", R"({"progress":true})")));
    const auto expected = static_cast<std::size_t>(round) + 1;
    REQUIRE(eventually([&] { return server.channels().size() == expected; }));
    const auto channel = server.channels().back();
    std::thread teller([&] {
      while (channel->tell("1")) {
      }
    });
    server.release_all();
    teller.join();
    json line;
    do {
      line = next(client);
      REQUIRE(line.contains("jsonrpc"));
    } while (!line.contains("result"));
    CHECK(line["id"] == round);
  }
  REQUIRE(client.send(request(99, "test.echo")));
  CHECK(id_of(client.line()) == 99);
}

TEST_CASE("plugin.call hands its progress on when it is asked to") {
  FakeDaemon daemon;
  daemon.plugins.answers_["echo"] = {Outcome::kOk, "", "3"};
  daemon.plugins.progress_ = {"1", "2"};
  const auto table = make_method_table(daemon.backends());
  for (const bool wanted : {true, false}) {
    auto sink = std::make_shared<CollectingSink>();
    const Request call{true, "7", "plugin.call"};
    const json params = {{"plugin", "echo"}, {"method", "m"}, {"progress", wanted}};
    table->call(call, params, Responder(sink, 1, call));
    const auto lines = sink->lines();
    REQUIRE(lines.size() == (wanted ? 3 : 1));
    CHECK(json::parse(lines.back())["result"] == 3);
    if (wanted) CHECK(json::parse(lines[0])["params"]["plugin"] == "echo");
  }
  const json odd = {{"plugin", "echo"}, {"method", "m"}, {"progress", 1}};
  CHECK(ask(*table, "plugin.call", odd)["error"]["data"]["kind"] == "invalid_params");
}
