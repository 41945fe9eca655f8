#include "daemon/control/json_line.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using ekiden::daemon::control::kNestingMax;
using ekiden::daemon::control::read_json;
using ekiden::daemon::control::write_json;
using nlohmann::json;

namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

struct Refused {
  std::string what;
  std::string text;
  std::string part_of_the_sentence;
};

}  // namespace

TEST_CASE("JSON that is refused, with a sentence that says why") {
  using namespace std::string_literals;
  const std::vector<Refused> table = {
      {"nothing", "", "a syntax error"},
      {"blanks", "  \t", "a syntax error"},
      {"a word", "hello", "a syntax error at byte 1"},
      {"cut off", R"({"a":)", "a syntax error"},
      {"two values", "{} {}", "a syntax error at byte 4"},
      {"a comment", "{} // no", "a syntax error"},
      {"a trailing comma", "[1,]", "a syntax error"},
      {"single quotes", "{'a':1}", "a syntax error"},
      {"NUL at the end", "{}\0"s, "a NUL byte at byte 3"},
      {"NUL in a string", "\"a\0b\""s, "a NUL byte at byte 3"},
      {"a lone continuation byte", "\"\x80\"", "byte 2 is not UTF-8"},
      {"an overlong slash", "\"\xc0\xaf\"", "byte 2 is not UTF-8"},
      {"a surrogate", "\"\xed\xa0\x80\"", "byte 2 is not UTF-8"},
      {"a lone escaped surrogate", R"("\ud800")", "a syntax error"},
      {"a control character", "\"\x01\"", "a syntax error"},
      {"a huge number", "1e999", "a number is out of range"},
      {"a duplicate key", R"({"a":1,"a":2})", "two members named 'a'"},
      {"a duplicate key by an escape", R"({"a":1,"\u0061":2})", "two members named 'a'"},
      {"a duplicate key inside", R"([{"x":{"b":1,"c":2,"b":3}}])", "two members named 'b'"},
      {"arrays too deep", nested(kNestingMax + 1), "more than 32 deep"},
      {"objects too deep", R"({"a":)" + nested(kNestingMax) + "}", "more than 32 deep"},
      {"100,000 open brackets", std::string(100'000, '['), "more than 32 deep"},
  };
  for (const Refused& row : table) {
    INFO(row.what);
    json value;
    const auto problem = read_json(row.text, value);
    REQUIRE(problem);
    CAPTURE(*problem);
    CHECK(problem->find(row.part_of_the_sentence) != std::string::npos);
    CHECK(problem->size() < 200);
  }
}

TEST_CASE("JSON that is taken comes out as it went in") {
  const std::vector<std::string> table = {
      "null",
      "true",
      "-1",
      "18446744073709551615",
      "1.5",
      R"("ü\n\u0000\"\\")",
      "[]",
      "{}",
      R"({"a":[1,{"b":null}],"c":{"a":"the same name elsewhere"}})",
      nested(kNestingMax)};
  for (const std::string& text : table) {
    INFO(text);
    json value;
    CHECK_FALSE(read_json(text, value));
    CHECK(value == json::parse(text));
  }
}

TEST_CASE("the depth is the caller's to choose") {
  json value;
  CHECK_FALSE(read_json(nested(2), value, 2));
  CHECK(read_json(nested(3), value, 2));
  CHECK_FALSE(read_json("1", value, 0));
}

TEST_CASE("text that is not UTF-8 is escaped, and nothing else is touched") {
  CHECK(write_json("a\xff\xc3") == R"("a\\xff\\xc3")");
  CHECK(write_json("\xc3\xbc\n") == "\"\xc3\xbc\\n\"");
  const json value = {{"key\x80", json::array({"\xfe", 1, nullptr})}};
  CHECK(write_json(value) == R"({"key\\x80":["\\xfe",1,null]})");
}

TEST_CASE("what is written is one line") {
  const json value = {{"a", "line\nfeed\r"}, {"b", json::array({1, 2})}};
  CHECK(write_json(value).find_first_of("\n\r") == std::string::npos);
}
