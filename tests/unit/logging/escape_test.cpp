#include "daemon/logging/escape.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/logging/utf8.hpp"

using namespace std::string_view_literals;
using namespace ekiden::daemon;

namespace {

struct Case {
  std::string_view name;
  std::string_view input;
  std::string_view text;
  std::string_view json;
};

const std::vector<Case> kCases = {
    {"empty", "", "", R"("")"},
    {"plain", "hello", "hello", R"("hello")"},
    {"quotes and backslashes", R"(a"b\c)", R"(a"b\c)", R"("a\"b\\c")"},
    {"line breaks and tab", "a\nb\rc\td", R"(a\nb\rc\td)", R"("a\nb\rc\td")"},
    {"nul", "a\0b"sv, R"(a\u0000b)", R"("a\u0000b")"},
    {"terminal escape", "\x1b[2Jgone", R"(\u001b[2Jgone)", R"("\u001b[2Jgone")"},
    {"delete", "\x7f", R"(\u007f)", R"("\u007f")"},
    {"C1 control", "\xc2\x9b", R"(\u009b)", R"("\u009b")"},
    {"line separator", "a\xe2\x80\xa8z", R"(a\u2028z)", R"("a\u2028z")"},
    {"paragraph separator", "\xe2\x80\xa9", R"(\u2029)", R"("\u2029")"},
    {"two to four bytes", "é駅🏃", "é駅🏃", R"("é駅🏃")"},
    {"lone continuation", "a\x80z", R"(a\x80z)", R"("a\\x80z")"},
    {"never valid", "\xfe\xff", R"(\xfe\xff)", R"("\\xfe\\xff")"},
    {"cut short", "a\xe9\xa7", R"(a\xe9\xa7)", R"("a\\xe9\\xa7")"},
    {"overlong slash", "\xc0\xaf", R"(\xc0\xaf)", R"("\\xc0\\xaf")"},
    {"surrogate", "\xed\xa0\x80", R"(\xed\xa0\x80)", R"("\\xed\\xa0\\x80")"},
    {"beyond U+10FFFF", "\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)", R"("\\xf4\\x90\\x80\\x80")"},
    {"valid after invalid", "\xff駅", R"(\xff駅)", R"("\\xff駅")"},
};

}  // namespace

TEST_CASE("escaping makes one safe line of any bytes") {
  for (const Case& c : kCases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(escape_text(c.input) == c.text);
      CHECK(escape_json(c.input) == c.json);
    }
  }
}

TEST_CASE("every single byte and every pair escapes to valid UTF-8 without control characters") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string input{static_cast<char>(first), static_cast<char>(second)};
      for (const std::string& escaped : {escape_text(input), escape_json(input)}) {
        const bool is_utf8 = find_invalid_utf8(escaped) == std::string::npos;
        bool is_printable = true;
        for (const char c : escaped) {
          is_printable &= static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
        }
        if (!is_utf8 || !is_printable) FAIL("bytes " << first << " " << second);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("the place of the first byte that is not UTF-8 is found") {
  CHECK(find_invalid_utf8("") == std::string_view::npos);
  CHECK(find_invalid_utf8("駅伝") == std::string_view::npos);
  CHECK(find_invalid_utf8("駅\xff") == 3);
  CHECK(find_invalid_utf8("ab\xc3") == 2);
}

TEST_CASE("a prefix never cuts a code point") {
  CHECK(utf8_prefix("abc", 3) == "abc");
  CHECK(utf8_prefix("abc", 2) == "ab");
  CHECK(utf8_prefix("駅伝", 6) == "駅伝");
  CHECK(utf8_prefix("駅伝", 5) == "駅");
  CHECK(utf8_prefix("駅伝", 3) == "駅");
  CHECK(utf8_prefix("駅伝", 2).empty());
  CHECK(utf8_prefix("🏃", 3).empty());
  CHECK(utf8_prefix("", 0).empty());
  // Bytes that are no text still give a bounded answer that is not empty.
  CHECK(utf8_prefix("\x80\x80\x80\x80\x80\x80\x80\x80", 6).size() == 6);
}
