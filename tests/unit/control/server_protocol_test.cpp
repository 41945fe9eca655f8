// What a real server makes of what comes in over its socket.
#include <catch2/catch.hpp>

#include "tests/unit/control/support/test_server.hpp"

using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;
using nlohmann::json;

namespace {

struct Row {
  std::string what;
  std::string line;
  std::string outcome;
  json id;
};

std::string echo_of(std::size_t line_bytes) {
  const std::string head = R"({"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"value":")";
  const std::string tail = R"("}})";
  return head + std::string(line_bytes - head.size() - tail.size(), 'v') + tail;
}

std::string nested_echo(std::size_t depth) {
  return R"({"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"value":)" +
         std::string(depth - 2, '[') + std::string(depth - 2, ']') + "}}";
}

}  // namespace

TEST_CASE("every line has one answer, and the connection goes on after it") {
  using namespace std::string_literals;
  const std::vector<Row> table = {
      {"a request", R"({"jsonrpc":"2.0","id":1,"method":"test.echo"})", "result", 1},
      {"the same with CR", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.echo\"}\r", "result",
       1},
      {"broken JSON", R"({"jsonrpc":"2.0","id":1,"method)", "parse_error", nullptr},
      {"no JSON at all", "GET / HTTP/1.1", "parse_error", nullptr},
      {"not UTF-8", "\"\xff\xfe\"", "parse_error", nullptr},
      {"NUL bytes", "{}\0\0\0"s, "parse_error", nullptr},
      {"a duplicate key", R"({"jsonrpc":"2.0","id":1,"id":2,"method":"test.echo"})", "parse_error",
       nullptr},
      {"a batch", R"([{"jsonrpc":"2.0","id":1,"method":"test.echo"}])", "invalid_request", nullptr},
      {"no method", R"({"jsonrpc":"2.0","id":1})", "invalid_request", 1},
      {"an unknown member", R"({"jsonrpc":"2.0","id":1,"method":"m","x":1})", "invalid_request", 1},
      {"an unknown method", R"({"jsonrpc":"2.0","id":1,"method":"test.ehco"})", "unknown_method",
       1},
      {"params in an array", R"({"jsonrpc":"2.0","id":1,"method":"test.echo","params":[]})",
       "invalid_params", 1},
      {"an unknown parameter", R"({"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"a":1}})",
       "invalid_params", 1},
      {"a missing parameter", R"({"jsonrpc":"2.0","id":"x","method":"test.bytes"})",
       "invalid_params", "x"},
      {"the longest line", echo_of(kLineMaxBytes), "result", 1},
      {"a byte more", echo_of(kLineMaxBytes + 1), "parse_error", nullptr},
      {"twice as long", echo_of(2 * kLineMaxBytes), "parse_error", nullptr},
      {"the deepest line", nested_echo(kNestingMax), "result", 1},
      {"one deeper", nested_echo(kNestingMax + 1), "parse_error", nullptr},
      {"100,000 brackets", std::string(100'000, '['), "parse_error", nullptr},
      {"an answer that is too large",
       R"({"jsonrpc":"2.0","id":1,"method":"test.bytes",)"
       R"("params":{"count":5000000}})",
       "failed", 1},
  };
  TestServer server;
  RawClient client = server.client();
  for (const Row& row : table) {
    INFO(row.what);
    REQUIRE(client.send(row.line + "\n"));
    const auto answer = client.line();
    REQUIRE(answer);
    CAPTURE(answer->substr(0, 300));
    CHECK(outcome_of(answer) == row.outcome);
    CHECK(id_of(answer) == row.id);
    CHECK(json::parse(*answer)["jsonrpc"] == "2.0");
  }
}

TEST_CASE("what comes back is what was sent") {
  TestServer server;
  RawClient client = server.client();
  const std::string value = R"({"text":"ü\u0000\n\"","numbers":[-1,0.5,18446744073709551615]})";
  const std::string answer = client.ask(
      R"({"jsonrpc":"2.0","id":"ü","method":"test.echo","params":{"value":)" + value + "}}");
  CHECK(json::parse(answer)["result"] == json::parse(value));
  CHECK(json::parse(answer)["id"] == "ü");
}

TEST_CASE("notifications and blank lines are not answered") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(
      client.send("\n \t\r\n"
                  R"({"jsonrpc":"2.0","method":"test.echo"})"
                  "\n"
                  R"({"jsonrpc":"2.0","method":"no.such.method"})"
                  "\n"));
  REQUIRE(client.send(request(9, "test.echo")));
  CHECK(id_of(client.line()) == 9);
}

TEST_CASE("a request may come byte by byte") {
  TestServer server;
  RawClient client = server.client();
  const std::string line = request(1, "test.echo", R"({"value":"slow"})");
  for (const char byte : line)
    REQUIRE(client.send(std::string_view(&byte, 1)));
  CHECK(json::parse(client.line().value_or("{}"))["result"] == "slow");
}

TEST_CASE("requests that are sent ahead are answered in their order") {
  TestServer server;
  RawClient client = server.client();
  std::string lines;
  for (int id = 0; id < 500; id++)
    lines += request(id, "test.echo");
  REQUIRE(client.send(lines));
  std::vector<json> ids;
  for (int id = 0; id < 500; id++)
    ids.push_back(id_of(client.line()));
  for (int id = 0; id < 500; id++)
    REQUIRE(ids[static_cast<std::size_t>(id)] == id);
}

TEST_CASE("a request that takes long does not hold up the next one") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.hold") + request(2, "test.echo")));
  CHECK(id_of(client.line()) == 2);
  server.release_all();
  CHECK(id_of(client.line()) == 1);
}

TEST_CASE("a client that has finished writing gets its answers") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.echo") + request(2, "test.hold") + request(3, "test.echo")));
  client.shut_down_writing();
  CHECK(id_of(client.line()) == 1);
  CHECK(id_of(client.line()) == 3);
  REQUIRE(eventually([&] { return server.held() == 1; }));
  server.release_all();
  CHECK(id_of(client.line()) == 2);
  CHECK(client.ended());
}

TEST_CASE("a line without its line feed is refused, not carried out") {
  TestServer server;
  RawClient client = server.client();
  std::string line = request(1, "test.hold");
  line.pop_back();
  REQUIRE(client.send(line));
  client.shut_down_writing();
  CHECK(outcome_of(client.line()) == "parse_error");
  CHECK(client.ended());
  CHECK(server.held() == 0);
}
