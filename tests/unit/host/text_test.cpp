// Names and JSON as plugins may hand them in.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/host/clean_name.hpp"
#include "daemon/host/json_check.hpp"
#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {
namespace {

TEST_CASE("a name stays as it is, or becomes text", "[clean_name]") {
  struct Row {
    std::string name;
    std::string expected;
  };
  const std::vector<Row> rows = {
      {"", ""},
      {"echo.connection", "echo.connection"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"a\nb\x7f", "a?b?"},
      {std::string("a\0b", 3), "a?b"},
      {"\xff\xfe", "??"},
      {"\xc3", "?"},
      {"\xc2\x85x", "??x"},  // a control character of two bytes
      {std::string(63, '\x01'), std::string(63, '?')},
  };
  for (const Row& row : rows) {
    NameBuffer buffer;
    CHECK(clean_name(row.name, buffer) == row.expected);
  }
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("only one JSON value of bounded size and depth is carried", "[json_check]") {
  struct Row {
    std::string text;
    std::string fault;  // how it begins; empty: it is good
  };
  const std::vector<Row> rows = {
      {"null", ""},
      {" {\"a\": [1, 2.5, \"x\"]} \n", ""},
      {nested(kReplyMaxDepth), ""},
      {nested(kReplyMaxDepth + 1), "is nested deeper than 32 levels"},
      {std::string(100000, '['), "is nested deeper than 32 levels"},
      {"", "is not JSON: "},
      {"{\"a\":}", "is not JSON: "},
      {"{} {}", "is not JSON: "},
      {"{'a':1}", "is not JSON: "},
      {"\"\xff\"", "is not JSON: "},
      {"\"a\nb\"", "is not JSON: "},
      {"NaN", "is not JSON: "},
      {"1e999", "is not JSON: "},
      {std::string("1\0", 2), "is not JSON: "},
      {"\"" + std::string(kReplyMaxBytes - 2, 'x') + "\"", ""},
      {"\"" + std::string(kReplyMaxBytes - 1, 'x') + "\"", "is 1048577 bytes long"},
  };
  for (const Row& row : rows) {
    INFO(row.text.substr(0, 40));
    const std::string fault = find_json_fault(row.text);
    if (row.fault.empty()) {
      CHECK(fault.empty());
    } else {
      CHECK(fault.rfind(row.fault, 0) == 0);
    }
  }
}

TEST_CASE("JSON is carried in one line", "[json_check]") {
  CHECK(json_in_one_line("{\r\n  \"a\": \"\\n\"\n}") == "{    \"a\": \"\\n\" }");
}

}  // namespace
}  // namespace ekiden::daemon::host
