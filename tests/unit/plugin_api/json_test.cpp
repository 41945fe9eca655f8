// The reader and writer of ekiden/json.h.
#include <ekiden/json.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

// What was read, a member a line; and the problem, if there is one.
std::string read(const std::string& text) {
  std::string out;
  ekd_json json = ekd_json_of(str(text));
  while (ekd_json_next(&json)) {
    out += std::string(json.key) + "=";
    if (json.kind == EKD_JSON_TEXT) out += "'" + std::string(json.text) + "'";
    if (json.kind == EKD_JSON_NUMBER) out += std::to_string(json.number);
    if (json.kind == EKD_JSON_BOOL) out += json.number != 0 ? "true" : "false";
    out += ";";
  }
  return json.problem == nullptr ? out : out + "! " + json.problem;
}

std::string quoted(const std::string& text) {
  const std::uint64_t size = ekd_json_quote(nullptr, 0, str(text));
  std::string out(size + 1, '#');
  CHECK(ekd_json_quote(out.data(), out.size(), str(text)) == size);
  CHECK(out.back() == '\0');
  out.pop_back();
  return out;
}

TEST_CASE("a flat object is read, member by member") {
  struct Row {
    std::string text;
    std::string read;
  };
  const std::vector<Row> rows = {
      {"{}", ""},
      {" {\n} ", ""},
      {R"({"a":"b"})", "a='b';"},
      {R"({"a" : 12 , "b":true,"c":false,"":""})", "a=12;b=true;c=false;='';"},
      {R"({"n":18446744073709551615})", "n=18446744073709551615;"},
      {R"({"t":"\"\\\/\b\f\n\r\t"})", "t='\"\\/\b\f\n\r\t';"},
      {R"({"t":"\u00e9\u20AC\ud83d\ude00é"})", "t='é€😀é';"},
      {std::string(R"({"t":")") + std::string(250, 'x') + R"("})",
       "t='" + std::string(250, 'x') + "';"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(read(row.text) == row.read);
  }
}

TEST_CASE("what is no flat object is a problem with a sentence") {
  struct Row {
    std::string text;
    std::string problem;
  };
  const std::vector<Row> rows = {
      {"", "! an object was expected"},
      {"[]", "! an object was expected"},
      {"{", "! a text in quotes was expected"},
      {R"({"a")", "! a colon is missing"},
      {R"({"a":1)", "a=1;! a comma is missing"},
      {R"({"a":1 "b":2})", "a=1;! a comma is missing"},
      {R"({"a":1,})", "a=1;! a text in quotes was expected"},
      {R"({"a":1}x)", "a=1;! something follows the object"},
      {R"({"a":"b)", "! a text has no closing quote"},
      {R"({"a":"\x"})", "! a text holds a wrong escape"},
      {R"({"a":"\u0000"})", "! a text holds a wrong escape"},
      {R"({"a":"\ud83d"})", "! a text holds a wrong escape"},
      {R"({"a":"\ude00"})", "! a text holds a wrong escape"},
      {R"({"a":"\u12)", "! a text holds a wrong escape"},
      {"{\"a\":\"\n\"}", "! a text holds a control character"},
      {R"({"a":01})", "! a number begins with 0"},
      {R"({"a":1.5})", "! a number is not a whole one"},
      {R"({"a":1e3})", "! a number is not a whole one"},
      {R"({"a":18446744073709551616})", "! a number is over 2^64-1"},
      {R"({"a":-1})", "! a value is neither"},
      {R"({"a":null})", "! a value is neither"},
      {R"({"a":[]})", "! a value is neither"},
      {R"({"a":tru})", "! a value is neither"},
      {R"({"a":truer})", "a=true;! a comma is missing"},
      {std::string(R"({"t":")") + std::string(251, 'x') + R"("})", "! a text is over 250 bytes"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(read(row.text).rfind(row.problem, 0) == 0);
  }
}

TEST_CASE("keys are compared whole") {
  const std::string text = R"({"port":1})";
  ekd_json json = ekd_json_of(str(text));
  REQUIRE(ekd_json_next(&json));
  CHECK(ekd_json_is(&json, "port"));
  CHECK_FALSE(ekd_json_is(&json, "por"));
  CHECK_FALSE(ekd_json_is(&json, "ports"));
  CHECK_FALSE(ekd_json_is(&json, ""));
}

TEST_CASE("every text can be quoted, and comes back") {
  std::string ascii;
  for (char c = 0; c < 127; c++)
    ascii += c;
  for (const std::string& text : {std::string(), ascii, std::string("é€😀\x7f")}) {
    CHECK(nlohmann::json::parse(quoted(text)) == text);
  }
}

TEST_CASE("bytes that are not UTF-8 are shown as such") {
  struct Row {
    std::string text;
    std::string shown;
  };
  const std::vector<Row> rows = {
      {"\xff", "\\xff"},
      {"a\x80z", "a\\x80z"},
      {"\xc0\x80", "\\xc0\\x80"},                    // too long for what it says
      {"\xe0\x80\x80", "\\xe0\\x80\\x80"},           // the same
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a half of a surrogate pair
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond the last code point
      {"\xe2\x82", "\\xe2\\x82"},                    // cut
  };
  for (const Row& row : rows)
    CHECK(nlohmann::json::parse(quoted(row.text)) == row.shown);
}

TEST_CASE("a buffer that is too small is never written beyond") {
  const std::string text = "a\"\x01é";
  const std::uint64_t size = ekd_json_quote(nullptr, 0, str(text));
  for (std::uint64_t room = 1; room <= size; room++) {
    std::string out(room + 1, '#');
    CHECK(ekd_json_quote(out.data(), room, str(text)) == size);
    CHECK(out[room] == '#');
    CHECK(out[room - 1] == '\0');
  }
}

}  // namespace
