#include "daemon/control/rpc_message.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/control/limits.hpp"

using namespace ekiden::daemon::control;
using nlohmann::json;

namespace {

struct Bad {
  std::string line;
  ErrorKind kind;
  std::string id;
  std::string part_of_the_sentence;
};

struct Good {
  std::string line;
  bool wants_answer;
  std::string id;
  std::string params;
};

}  // namespace

TEST_CASE("lines that are no requests") {
  const std::string long_id(kIdMaxBytes + 1, 'i');
  const std::vector<Bad> table = {
      {"{", ErrorKind::kParse, "null", "not acceptable JSON"},
      {"[]", ErrorKind::kInvalidRequest, "null", "batches are not served"},
      {R"([{"jsonrpc":"2.0","id":1,"method":"m"}])", ErrorKind::kInvalidRequest, "null", "batches"},
      {"1", ErrorKind::kInvalidRequest, "null", "a request is a JSON object"},
      {"{}", ErrorKind::kInvalidRequest, "null", "\"jsonrpc\" must be \"2.0\""},
      {R"({"id":7,"method":"m"})", ErrorKind::kInvalidRequest, "7", "\"jsonrpc\""},
      {R"({"jsonrpc":2.0,"id":7,"method":"m"})", ErrorKind::kInvalidRequest, "7", "\"jsonrpc\""},
      {R"({"jsonrpc":"1.0","id":7,"method":"m"})", ErrorKind::kInvalidRequest, "7", "\"jsonrpc\""},
      {R"({"jsonrpc":"2.0","id":"a"})", ErrorKind::kInvalidRequest, "\"a\"", "\"method\""},
      {R"({"jsonrpc":"2.0","id":"a","method":1})", ErrorKind::kInvalidRequest, "\"a\"",
       "\"method\""},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", ErrorKind::kInvalidRequest, "null", "\"id\""},
      {R"({"jsonrpc":"2.0","id":123456789012345678901,"method":"m"})", ErrorKind::kInvalidRequest,
       "null", "\"id\""},
      {R"({"jsonrpc":"2.0","id":[1],"method":"m"})", ErrorKind::kInvalidRequest, "null", "\"id\""},
      {R"({"jsonrpc":"2.0","id":true,"method":"m"})", ErrorKind::kInvalidRequest, "null", "\"id\""},
      {R"({"jsonrpc":"2.0","id":")" + long_id + R"(","method":"m"})", ErrorKind::kInvalidRequest,
       "null", "\"id\""},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1]})", ErrorKind::kInvalidParams, "1",
       "by name"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})", ErrorKind::kInvalidParams, "1",
       "by name"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","parms":{}})", ErrorKind::kInvalidRequest, "1",
       "no member 'parms'"},
  };
  for (const Bad& row : table) {
    INFO(row.line);
    json params;
    const auto message = parse_request(row.line, params);
    const auto* bad = std::get_if<BadMessage>(&message);
    REQUIRE(bad != nullptr);
    CHECK(bad->error.kind == row.kind);
    CHECK(bad->id == row.id);
    CAPTURE(bad->error.message);
    CHECK(bad->error.message.find(row.part_of_the_sentence) != std::string::npos);
  }
}

TEST_CASE("lines that are requests") {
  const std::vector<Good> table = {
      {R"({"jsonrpc":"2.0","id":1,"method":"m"})", true, "1", "{}"},
      {R"({"method":"m","params":{"a":[1]},"id":-5,"jsonrpc":"2.0"})", true, "-5", R"({"a":[1]})"},
      {R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"m"})", true, "18446744073709551615",
       "{}"},
      {R"({"jsonrpc":"2.0","id":"ü\n","method":"m"})", true, R"("ü\n")", "{}"},
      {R"({"jsonrpc":"2.0","id":null,"method":"m"})", true, "null", "{}"},
      {R"({"jsonrpc":"2.0","method":"m"})", false, "null", "{}"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\r", true, "1", "{}"},
  };
  for (const Good& row : table) {
    INFO(row.line);
    json params;
    const auto message = parse_request(row.line, params);
    const auto* request = std::get_if<Request>(&message);
    REQUIRE(request != nullptr);
    CHECK(request->wants_answer == row.wants_answer);
    CHECK(request->id == row.id);
    CHECK(request->method == "m");
    CHECK(params.dump() == row.params);
  }
}

TEST_CASE("answers are lines of JSON-RPC") {
  CHECK(render_result("7", {{"a", 1}}) == "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}\n");
  const std::string error = render_error("\"x\"", {ErrorKind::kNotFound, "none\n\xff", "[1]"});
  CHECK(error.find('\n') == error.size() - 1);
  const json parsed = json::parse(error);
  CHECK(parsed["id"] == "x");
  CHECK(parsed["error"]["code"] == -32002);
  CHECK(parsed["error"]["message"] == "none\n\\xff");
  CHECK(parsed["error"]["data"] == json::parse(R"({"kind":"not_found","detail":[1]})"));
}

TEST_CASE("an answer beyond the limit is an error that says so") {
  const json big = std::string(kAnswerMaxBytes, 'x');
  for (const std::string& line :
       {render_result("1", big), render_error("1", {ErrorKind::kFailed, big, {}})}) {
    CHECK(line.size() < 1000);
    const json parsed = json::parse(line);
    CHECK(parsed["error"]["data"]["kind"] == "failed");
    CHECK(parsed["id"] == 1);
  }
}
