#include "daemon/control/params.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ekiden::daemon::control;
using nlohmann::json;

namespace {

ParamSpecs specs() {
  ParamSpec name{.name = "name", .required = true, .max_bytes = 8};
  ParamSpec limit{.name = "limit", .type = ParamType::kInteger, .min = 1, .max = 10};
  ParamSpec level{.name = "level", .one_of = {"info", "debug"}};
  ParamSpec any{.name = "value", .type = ParamType::kAny};
  return {name, limit, level, any};
}

struct Row {
  std::string params;
  std::string part_of_the_sentence;  // empty: it is good
};

}  // namespace

TEST_CASE("parameters are checked whole, and the message names the one that is wrong") {
  const std::vector<Row> table = {
      {R"({"name":"echo"})", ""},
      {R"({"name":"echo","limit":10,"level":"debug","value":{"a":[null]}})", ""},
      {R"({"name":"echo","limit":null,"value":null})", ""},
      {R"({"name":""})", ""},
      {"{}", "'name' is missing"},
      {R"({"name":null})", "'name' is missing"},
      {R"({"name":1})", "'name' must be a string of at most 8 bytes"},
      {R"({"name":"123456789"})", "'name' must be"},
      {R"({"name":"a","limit":0})", "'limit' must be an integer from 1 to 10"},
      {R"({"name":"a","limit":11})", "'limit' must be"},
      {R"({"name":"a","limit":1.5})", "'limit' must be"},
      {R"({"name":"a","limit":"1"})", "'limit' must be"},
      {R"({"name":"a","limit":-1})", "'limit' must be"},
      {R"({"name":"a","limit":18446744073709551615})", "'limit' must be"},
      {R"({"name":"a","level":"loud"})", "'level' must be one of info, debug"},
      {R"({"name":"a","limt":1})", "did you mean 'limit'?"},
      {R"({"name":"a","zzzzzz":1})", "this method takes name, limit, level, value"},
      {R"({"nmae":"a"})", "did you mean 'name'?"},
  };
  for (const Row& row : table) {
    INFO(row.params);
    const auto error = check_params(json::parse(row.params), specs());
    CHECK(error.has_value() == !row.part_of_the_sentence.empty());
    if (!error) continue;
    CAPTURE(error->message);
    CHECK(error->kind == ErrorKind::kInvalidParams);
    CHECK(error->message.find(row.part_of_the_sentence) != std::string::npos);
    CHECK(json::parse(error->detail_json).contains("param"));
  }
}

TEST_CASE("a method without parameters says so") {
  const auto error = check_params(json::parse(R"({"a":1})"), {});
  REQUIRE(error);
  CHECK(error->message == "there is no parameter 'a'; this method takes none");
}

TEST_CASE("an unknown name of any size makes a short message") {
  const auto error = check_params({{std::string(500'000, '\x01'), 1}}, specs());
  REQUIRE(error);
  CHECK(error->message.size() < 1000);
}

TEST_CASE("the schema says what the check checks") {
  const ParamSpecs all = specs();
  CHECK(param_schema(all[0]) == json::parse(R"({"type":"string"})"));
  CHECK(param_schema(all[1]) == json::parse(R"({"type":"integer","minimum":1,"maximum":10})"));
  CHECK(param_schema(all[2]) == json::parse(R"({"type":"string","enum":["info","debug"]})"));
  CHECK(param_schema(all[3]) == json::object());
}
