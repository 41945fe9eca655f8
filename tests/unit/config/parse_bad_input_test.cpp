// Everything that may be wrong inside a configuration, and what is said about it.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/limits.hpp"
#include "daemon/config/parse.hpp"
#include "daemon/logging/utf8.hpp"
#include "tests/unit/config/fixture.hpp"

using namespace std::string_literals;
using namespace ekiden::daemon;
using test::parse;
using test::problems_of;

namespace {

// A configuration that is right but for `members` of its root.
std::string with_root(std::string_view members) {
  return R"({"plugins": {"directory": "p"}, )" + std::string(members) + "}";
}

std::string with_runtime(std::string_view members) {
  return with_root(R"("runtime": {)" + std::string(members) + "}");
}

std::string with_plugins(std::string_view members) {
  return R"({"plugins": {"directory": "p", )" + std::string(members) + "}}";
}

std::string with_echo(std::string_view members) {
  return with_plugins(R"("settings": {"echo": {)" + std::string(members) + "}}");
}

struct Case {
  std::string_view name;
  std::string text;
  std::string problem;  // the one there is, from its start
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const std::vector<std::string> problems = problems_of(parse(c.text));
      REQUIRE(problems.size() == 1);
      CHECK_THAT(problems.front(), Catch::StartsWith(c.problem));
    }
  }
}

}  // namespace

TEST_CASE("text that is not JSON is refused with line and column") {
  check_all({
      {"empty", "", "line 1, column 1: syntax error while parsing value - unexpected end of input"},
      {"only a comment", "// nothing\n", "line 2, column 1: syntax error"},
      {"not JSON", "workers = 4\n", "line 1, column 1: syntax error"},
      {"cut short", "{\n  \"plugins\": {", "line 2, column 15: syntax error"},
      {"trailing comma", "{\"plugins\": {\"directory\": \"p\"},\n}",
       "line 2, column 1: syntax error while parsing object key - unexpected '}'"},
      {"text behind the end", "{\"plugins\": {\"directory\": \"p\"}}\n{}",
       "line 2, column 1: syntax error while parsing value - unexpected '{'; expected end of "
       "input"},
      {"single quotes", "{'plugins': {}}", "line 1, column 2: syntax error"},
      {"open string", "{\"plugins", "line 1, column 10: syntax error"},
      {"open comment", "{ /* ", "line 1, column 6: syntax error"},
      {"line break in a string", "{\"plug\nins\": {}}", "line 1, column 7: syntax error"},
      {"number out of this world", with_runtime(R"("workers": 1e999)"),
       "line 1, column 60: number overflow parsing '1e999'"},
      {"NUL byte", "{\n}\0{}"s, "line 2, column 2: found a NUL byte"},
      {"not UTF-8", "{\n  // caf\xe9\n}",
       "line 2, column 9: found a byte that is not UTF-8 (\\xe9); save the file as UTF-8"},
  });
}

TEST_CASE("a root that is no object is refused") {
  check_all({
      {"array", "[]", "found an empty array; a configuration is an object"},
      {"string", R"("workers")", R"(found the string "workers"; a configuration is an object)"},
      {"number", "4", "found 4; a configuration is an object"},
      {"null", "null", "found null; a configuration is an object"},
  });
}

TEST_CASE("a missing key is named") {
  check_all({
      {"no plugins", "{}", "/plugins: this key is missing; give an object"},
      {"no directory", R"({"plugins": {}})",
       "/plugins/directory: this key is missing; give a path"},
  });
}

TEST_CASE("an unknown key is refused, with the nearest known one") {
  check_all({
      {"misspelt", with_runtime(R"("wokers": 2)"),
       R"(/runtime/wokers: unknown key; did you mean "workers"? (allowed here: workers, )"},
      {"swapped letters", with_root(R"("lgo": {})"), R"(/lgo: unknown key; did you mean "log"?)"},
      {"wrong case", with_runtime(R"("LIFO_Slot": true)"),
       R"(/runtime/LIFO_Slot: unknown key; did you mean "lifo_slot"?)"},
      {"another separator", with_runtime(R"("poll-budget": 1)"),
       R"(/runtime/poll-budget: unknown key; did you mean "poll_budget"?)"},
      {"wrong unit", with_root(R"("shutdown": {"grace_s": 5})"),
       R"(/shutdown/grace_s: unknown key; did you mean "grace_ms"?)"},
      {"nothing near", with_root(R"("database": {})"),
       "/database: unknown key (allowed here: runtime, plugins, control, state_directory, "
       "shutdown, "
       "log)"},
      {"of another object", with_root(R"("workers": 2)"),
       "/workers: unknown key (allowed here: runtime"},
      {"in a plugin's settings", with_echo(R"("listen": "127.0.0.1:7007")"),
       "/plugins/settings/echo/listen: unknown key (allowed here: enabled, config, limits)"},
      {"a limit that is not enforced", with_echo(R"("limits": {"memory_bytes": 1})"),
       "/plugins/settings/echo/limits/memory_bytes: unknown key (allowed here: tasks)"},
      {"with slash and tilde", with_root(R"("a/b~c": 1)"), "/a~1b~0c: unknown key"},
      {"with a line break", with_root(R"("a\nb": 1)"), R"(/a\nb: unknown key)"},
      {"empty", with_root(R"("": 1)"), "/: unknown key"},
  });
}

TEST_CASE("a duplicate key is refused wherever it is") {
  check_all({
      {"root", with_root(R"("log": {}, "log": {})"), "/log: this key is there more than once"},
      {"same value", with_runtime(R"("workers": 2, "workers": 2)"),
       "/runtime/workers: this key is there more than once"},
      {"spelt with an escape", with_runtime(R"("workers": 2, "\u0077orkers": 2)"),
       "/runtime/workers: this key is there more than once"},
      {"a plugin", with_plugins(R"("settings": {"echo": {}, "echo": {}})"),
       "/plugins/settings/echo: this key is there more than once"},
      {"inside a plugin's configuration", with_echo(R"("config": {"x": [{}, {"y": 1, "y": 2}]})"),
       "/plugins/settings/echo/config/x/1/y: this key is there more than once"},
  });
}

TEST_CASE("a wrong type is refused") {
  check_all({
      {"word for a number", with_runtime(R"("workers": "four")"),
       R"(/runtime/workers: found the string "four"; allowed: "auto" or a whole number from 1 to )"
       "1024"},
      {"number as a string", with_runtime(R"("poll_budget": "128")"),
       R"(/runtime/poll_budget: found the string "128"; allowed: a whole number from 1 to 65535)"},
      {"fraction", with_runtime(R"("workers": 1.5)"), "/runtime/workers: found 1.5; allowed:"},
      {"exponent", with_runtime(R"("poll_budget": 1e2)"),
       "/runtime/poll_budget: found 100.0; allowed:"},
      {"number for a truth", with_runtime(R"("lifo_slot": 1)"),
       "/runtime/lifo_slot: found 1; allowed: true or false"},
      {"word for a truth", with_runtime(R"("lifo_slot": "true")"),
       R"(/runtime/lifo_slot: found the string "true"; allowed: true or false)"},
      {"null", with_runtime(R"("workers": null)"), "/runtime/workers: found null; allowed:"},
      {"array", with_runtime(R"("workers": [4])"), "/runtime/workers: found an array; allowed:"},
      {"no object", with_root(R"("log": "info")"),
       R"(/log: found the string "info"; allowed: an object)"},
      {"settings no object", with_plugins(R"("settings": [])"),
       "/plugins/settings: found an empty array; allowed: an object"},
      {"plugin no object", with_plugins(R"("settings": {"echo": true})"),
       "/plugins/settings/echo: found true; allowed: an object"},
      {"plugin's configuration no object", with_echo(R"("config": "{}")"),
       R"(/plugins/settings/echo/config: found the string "{}"; allowed: an object)"},
      {"number for a path", R"({"plugins": {"directory": 5}})",
       "/plugins/directory: found 5; allowed: a path"},
      {"number for a mode", with_root(R"("control": {"mode": 660})"),
       "/control/mode: found 660; allowed: a string of three or four octal digits"},
      {"a string too long to show", with_runtime("\"workers\": \"" + std::string(9000, 'w') + '"'),
       "/runtime/workers: found the string \"" + std::string(63, 'w') + "… (9002 bytes); allowed:"},
  });
}

TEST_CASE("a value out of range is refused") {
  check_all({
      {"zero", with_runtime(R"("workers": 0)"),
       R"(/runtime/workers: found 0; allowed: "auto" or a whole number from 1 to 1024)"},
      {"negative", with_runtime(R"("workers": -1)"), "/runtime/workers: found -1; allowed:"},
      {"one too many", with_runtime(R"("workers": 1025)"), "/runtime/workers: found 1025;"},
      {"beyond 32 bits", with_runtime(R"("workers": 4294967297)"),
       "/runtime/workers: found 4294967297;"},
      {"beyond 64 bits", with_runtime(R"("workers": 18446744073709551617)"),
       "/runtime/workers: found 1.8446744073709552e+19;"},
      {"no power of two", with_runtime(R"("local_queue_capacity": 100)"),
       "/runtime/local_queue_capacity: found 100; allowed: a power of two from 4 to 32768"},
      {"power of two, too small", with_runtime(R"("local_queue_capacity": 2)"),
       "/runtime/local_queue_capacity: found 2;"},
      {"power of two, too large", with_runtime(R"("local_queue_capacity": 65536)"),
       "/runtime/local_queue_capacity: found 65536;"},
      {"global capacity", with_runtime(R"("global_queue_capacity": 16777217)"),
       "/runtime/global_queue_capacity: found 16777217;"},
      {"interval", with_runtime(R"("global_queue_interval": 0)"),
       R"(/runtime/global_queue_interval: found 0; allowed: "auto" or a whole number)"},
      {"threads", with_runtime(R"("blocking": {"threads_max": 0})"),
       "/runtime/blocking/threads_max: found 0;"},
      {"stall below what is seen", with_runtime(R"("stall": {"report_ms": 9})"),
       "/runtime/stall/report_ms: found 9; allowed: a whole number from 10"},
      {"replaced before it is seen", with_runtime(R"("stall": {"replace_ms": 9})"),
       "/runtime/stall/replace_ms: found 9; allowed: a whole number from 10"},
      {"replaced before it is reported", with_runtime(R"("stall": {"replace_ms": 49})"),
       "/runtime/stall/replace_ms: found 49, which is less than report_ms, 50;"},
      {"replacements", with_runtime(R"("stall": {"replace_max": 1025})"),
       R"(/runtime/stall/replace_max: found 1025; allowed: "workers" or a whole number)"},
      {"replacements in words", with_runtime(R"("stall": {"replace_max": "auto"})"),
       R"(/runtime/stall/replace_max: found the string "auto"; allowed: "workers")"},
      {"tasks", with_echo(R"("limits": {"tasks": 16777216})"),
       "/plugins/settings/echo/limits/tasks: found 16777216;"},
      {"no tasks", with_echo(R"("limits": {"tasks": 0})"),
       "/plugins/settings/echo/limits/tasks: found 0;"},
      {"grace", with_root(R"("shutdown": {"grace_ms": 0})"), "/shutdown/grace_ms: found 0;"},
      {"level", with_root(R"("log": {"level": "warning"})"),
       R"(/log/level: found the string "warning"; allowed: "trace", "debug", "info", "warn", )"
       R"("error", "critical" or "off")"},
      {"format", with_root(R"("log": {"format": "xml"})"),
       R"(/log/format: found the string "xml"; allowed: "text" or "json")"},
      {"mode with a digit 8", with_root(R"("control": {"mode": "0680"})"),
       R"(/control/mode: found the string "0680";)"},
      {"mode with sticky bit", with_root(R"("control": {"mode": "1777"})"), "/control/mode: found"},
      {"mode too short", with_root(R"("control": {"mode": "66"})"), "/control/mode: found"},
      {"mode that locks the owner out", with_root(R"("control": {"mode": "0060"})"),
       "/control/mode: found"},
      {"mode in words", with_root(R"("control": {"mode": "rw-rw----"})"), "/control/mode: found"},
  });
}

TEST_CASE("a path that no file can have is refused") {
  check_all({
      {"empty directory", R"({"plugins": {"directory": ""}})",
       R"(/plugins/directory: found the string ""; allowed: a path that is not empty)"},
      {"empty socket", with_root(R"("control": {"socket": ""})"), "/control/socket: found"},
      {"empty state directory", with_root(R"("state_directory": "")"), "/state_directory: found"},
      {"NUL", with_root(R"("state_directory": "/var\u0000/lib")"),
       R"(/state_directory: found the string "/var\u0000/lib";)"},
      {"too long", with_root("\"state_directory\": \"/" + std::string(4095, 'x') + '"'),
       "/state_directory: found"},
  });
}

TEST_CASE("a plugin's name is checked") {
  check_all({
      {"path", with_plugins(R"("settings": {"../evil": {}})"),
       "/plugins/settings/..~1evil: not a name; allowed: a plugin's name"},
      {"empty", with_plugins(R"("settings": {"": {}})"), "/plugins/settings/: not a name"},
      {"capital", with_plugins(R"("settings": {"Echo": {}})"),
       "/plugins/settings/Echo: not a name"},
      {"digit first", with_plugins(R"("settings": {"9p": {}})"),
       "/plugins/settings/9p: not a name"},
      {"file name", with_plugins(R"("settings": {"echo.so": {}})"),
       "/plugins/settings/echo.so: not a name"},
      {"too long", with_plugins("\"settings\": {\"" + std::string(64, 'n') + "\": {}}"),
       "/plugins/settings/" + std::string(64, 'n') + ": not a name"},
  });
}

TEST_CASE("nesting is bounded while parsing") {
  for (const std::string open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int level = 0; level < 100'000; ++level)
      deep += open;
    const std::vector<std::string> problems = problems_of(parse(deep));
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems.front(), Catch::Contains("nested deeper than 32 levels"));
  }
}

TEST_CASE("all problems are reported at once") {
  const std::vector<std::string> problems = problems_of(parse(R"({
    "runtime": {"workers": 0, "wokers": 1, "lifo_slot": 1, "lifo_slot": 2},
    "plugins": {"autoload": "yes"},
    "log": {"level": 3}
  })"));
  REQUIRE(problems.size() == 7);
  CHECK_THAT(problems[0],
             Catch::StartsWith("/runtime/lifo_slot: this key is there more than once"));
  CHECK_THAT(problems[1], Catch::StartsWith("/runtime/workers: found 0"));
  CHECK_THAT(problems[2], Catch::StartsWith("/runtime/lifo_slot: found 2"));
  CHECK_THAT(problems[3], Catch::StartsWith("/runtime/wokers: unknown key"));
  CHECK_THAT(problems[4], Catch::StartsWith("/plugins/directory: this key is missing"));
  CHECK_THAT(problems[5], Catch::StartsWith("/plugins/autoload: found"));
  CHECK_THAT(problems[6], Catch::StartsWith("/log/level: found 3"));
}

TEST_CASE("a file full of mistakes is told about in bounded space") {
  std::string text = R"({"plugins": {"directory": "p"})";
  constexpr std::size_t kUnknown = 50'000;
  for (std::size_t i = 0; i < kUnknown; ++i)
    text += ",\"unknown" + std::to_string(i) + "\":1";
  const std::vector<std::string> problems = problems_of(parse(text + "}"));
  REQUIRE(problems.size() == limits::kProblemsMax + 1);
  CHECK(problems.back() ==
        "and " + std::to_string(kUnknown - limits::kProblemsMax) + " more; repair these first");
}

TEST_CASE("a problem is one short line that is safe to print") {
  const std::string long_key(100'000, 'k');
  const std::string text =
      with_root("\"" + long_key + R"(": 1, "a\u001b[31m\u2028": 2, "log": "\u001b[2J\u009b")");
  const std::vector<std::string> problems = problems_of(parse(text));
  CHECK(problems.size() == 3);
  for (const std::string& problem : problems) {
    CHECK(problem.size() < 500);
    CHECK(find_invalid_utf8(problem) == std::string::npos);
    CHECK(problem.find('\x1b') == std::string::npos);
    CHECK(problem.find("\xc2\x9b") == std::string::npos);
    CHECK(problem.find('\n') == std::string::npos);
  }
}
