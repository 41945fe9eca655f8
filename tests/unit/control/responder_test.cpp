#include "daemon/control/responder.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "tests/unit/control/support/collecting_sink.hpp"

using namespace ekiden::daemon::control;
using ekiden::daemon::control::test::CollectingSink;
using nlohmann::json;

namespace {

const Request kRequest{true, "1", "m"};

json only_answer(CollectingSink& sink) {
  const auto lines = sink.lines();
  REQUIRE(lines.size() == 1);
  return json::parse(lines[0]);
}

}  // namespace

TEST_CASE("the first answer counts, on whatever thread") {
  auto sink = std::make_shared<CollectingSink>();
  Responder responder(sink, 1, kRequest);
  std::thread([moved = std::move(responder)]() mutable {
    moved.result(1);
    moved.result(2);
    moved.error({});
  }).join();
  CHECK(only_answer(*sink)["result"] == 1);
}

TEST_CASE("a request that is dropped is answered as an internal error") {
  auto sink = std::make_shared<CollectingSink>();
  { const Responder dropped(sink, 1, kRequest); }
  CHECK(only_answer(*sink)["error"]["data"]["kind"] == "internal");
}

TEST_CASE("a notification is told to nobody, and its end is") {
  auto sink = std::make_shared<CollectingSink>();
  const Request notification{false, "null", "m"};
  Responder(sink, 1, notification).result(1);
  Responder(sink, 1, notification).error({});
  { const Responder dropped(sink, 1, notification); }
  CHECK(sink->lines() == std::vector<std::string>{"", "", ""});
}

TEST_CASE("a result that is text must be JSON") {
  struct Row {
    std::string text;
    std::string answer;
  };
  const std::vector<Row> table = {
      {"", R"({"id":1,"jsonrpc":"2.0","result":null})"},
      {"{\n \"a\" : 1 }\n", R"({"id":1,"jsonrpc":"2.0","result":{"a":1}})"},
      {"{", ""},
      {std::string(32, '[') + std::string(32, ']'), ""},
      {"\"\xff\"", ""},
  };
  for (const Row& row : table) {
    INFO(row.text);
    auto sink = std::make_shared<CollectingSink>();
    Responder(sink, 1, kRequest).result_text(row.text);
    const json answer = only_answer(*sink);
    if (row.answer.empty()) {
      CHECK(answer["error"]["data"]["kind"] == "failed");
    } else {
      CHECK(answer.dump() == row.answer);
    }
  }
}

TEST_CASE("a method that throws has its request answered") {
  MethodTable table;
  table.add("throws", {.summary = "", .params = {}, .handler = [](const json&, Responder) {
                         throw std::runtime_error("no");
                       }});
  CHECK(test::ask(table, "throws")["error"]["data"]["kind"] == "internal");
}
