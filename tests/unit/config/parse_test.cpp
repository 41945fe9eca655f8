#include "daemon/config/parse.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/config/limits.hpp"
#include "tests/unit/config/fixture.hpp"

using namespace ekiden::daemon;
using test::parse;
using test::problems_of;
using test::settings_of;

TEST_CASE("the smallest configuration has every default") {
  const Settings settings = settings_of(parse(R"({"plugins": {"directory": "/opt/plugins"}})"));
  Settings expected;
  expected.plugins.directory = "/opt/plugins";
  expected.control.socket = "/run/user/1000/ekiden/control.sock";
  expected.state_directory = "/home/runner/.local/state/ekiden";
  CHECK(settings == expected);
  CHECK_FALSE(settings.runtime.workers);
  CHECK(settings.runtime.local_queue_capacity == 256);
  CHECK(settings.control.mode == 0660);
}

TEST_CASE("every key is read") {
  const Settings settings = settings_of(parse(R"({
    // a comment
    "runtime": {
      "workers": 3, "local_queue_capacity": 4, "global_queue_capacity": 64,
      "global_queue_interval": 31, "event_interval": 7, "lifo_slot": false, "poll_budget": 9,
      "blocking": {"threads_max": 2, "queue_capacity": 5, "keep_alive_ms": 6},
      "stall": {"report_ms": 77, "replace_ms": 78, "replace_max": 79}
    },
    "plugins": {
      "directory": "plugins", "autoload": false, "unload_ms": 123,
      "settings": {
        "echo": {"enabled": false, "config": {"b": [1, "é"], "a": null}, "limits": {"tasks": 8}},
        "hello_c": {}
      }
    },
    "control": {"socket": "run/control.sock", "mode": "600"},
    "state_directory": "/var/lib/elsewhere",
    "shutdown": {"grace_ms": 1},
    "log": {"level": "trace", "format": "json"}
  })"));
  Settings expected;
  expected.runtime = {3, 4, 64, 31, 7, false, 9, {2, 5, 6}, {77, 78, 79}};
  expected.plugins.directory = "/etc/ekiden/plugins";
  expected.plugins.autoload = false;
  expected.plugins.unload_ms = 123;
  expected.plugins.settings["echo"] = {false, R"({"a":null,"b":[1,"é"]})", {8}};
  expected.plugins.settings["hello_c"] = {};
  expected.control = {"/etc/ekiden/run/control.sock", 0600};
  expected.state_directory = "/var/lib/elsewhere";
  expected.shutdown.grace_ms = 1;
  expected.log = {log::Level::kTrace, log::Format::kJson};
  CHECK(settings == expected);
  CHECK_FALSE(settings.plugins.of("echo").enabled);
  CHECK(settings.plugins.of("unknown") == PluginSetting{});
}

TEST_CASE("both ends of every range are allowed") {
  const auto with_runtime = [](const std::string& members) {
    return problems_of(parse(R"({"plugins": {"directory": "p"}, "runtime": {)" + members + "}}"));
  };
  CHECK(with_runtime(R"("workers": 1)").empty());
  CHECK(with_runtime(R"("workers": 1024)").empty());
  CHECK(with_runtime(R"("workers": "auto", "global_queue_interval": "auto")").empty());
  CHECK(with_runtime(R"("local_queue_capacity": 4)").empty());
  CHECK(with_runtime(R"("local_queue_capacity": 32768)").empty());
  CHECK(with_runtime(R"("global_queue_capacity": 1)").empty());
  CHECK(with_runtime(R"("global_queue_capacity": 16777216)").empty());
  CHECK(with_runtime(R"("global_queue_interval": 65535)").empty());
  CHECK(with_runtime(R"("stall": {"report_ms": 10})").empty());
  CHECK(with_runtime(R"("stall": {"replace_ms": 50})").empty());
  CHECK(with_runtime(R"("stall": {"replace_max": 0})").empty());
  CHECK(with_runtime(R"("stall": {"replace_max": 1024})").empty());
}

TEST_CASE("a worker is replaced after 200 ms, or when its poll is reported if that is later") {
  const auto replace_ms = [](const std::string& stall) {
    return settings_of(
               parse(R"({"plugins": {"directory": "p"}, "runtime": {"stall": )" + stall + "}}"))
        .runtime.stall.replace_ms;
  };
  CHECK(replace_ms("{}") == 200);
  CHECK(replace_ms(R"({"report_ms": 199})") == 200);
  CHECK(replace_ms(R"({"report_ms": 5000})") == 5000);
  CHECK(replace_ms(R"({"report_ms": 300, "replace_ms": 300})") == 300);
}

TEST_CASE("a byte order mark, CRLF and both kinds of comment are text like any other") {
  CHECK(problems_of(parse("\xef\xbb\xbf// first\r\n{\"plugins\": /* here */ {\r\n"
                          "\"directory\": \"p\"}}\r\n// last"))
            .empty());
}

TEST_CASE("relative paths start at the folder") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plugins", "/etc/ekiden/plugins"},
      {"./plugins", "/etc/ekiden/plugins"},
      {"../build/plugins", "/etc/build/plugins"},
      {"../../../../plugins", "/plugins"},
      {".", "/etc/ekiden"},
      {"..", "/etc"},
      {"plugins/", "/etc/ekiden/plugins"},
      // "link" may be a symbolic link, and its parent is then not the folder.
      {"link/../plugins", "/etc/ekiden/link/../plugins"},
      {"/absolute/./as/../it/is", "/absolute/./as/../it/is"},
  };
  for (const auto& [given, expected] : cases) {
    const nlohmann::json text = {{"plugins", {{"directory", given}}}};
    CHECK(settings_of(parse(text.dump())).plugins.directory.native() == expected);
  }
}

TEST_CASE("a path is measured when it is absolute") {
  const std::size_t room = limits::kSocketPathMaxBytes - std::string("/etc/ekiden/").size();
  const auto with_socket = [](std::size_t bytes) {
    const nlohmann::json text = {{"plugins", {{"directory", "p"}}},
                                 {"control", {{"socket", std::string(bytes, 's')}}}};
    return problems_of(parse(text.dump()));
  };
  CHECK(with_socket(room).empty());
  REQUIRE(with_socket(room + 1).size() == 1);
  CHECK_THAT(with_socket(room + 1).front(), Catch::StartsWith("/control/socket: found "));
}

TEST_CASE("a default socket path that is too long is a problem of its key") {
  UserEnvironment user = test::kUser;
  user.xdg_runtime_dir = "/" + std::string(limits::kSocketPathMaxBytes, 'r');
  const std::string text = R"({"plugins": {"directory": "p"}})";
  const auto problems = problems_of(parse_settings(text, test::kFolder, user));
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems.front(), Catch::StartsWith("/control/socket: the default, /rrr"));
}

TEST_CASE("nesting up to the limit is allowed") {
  // The root, plugins, settings, echo and config are five of the levels.
  const auto nested = [](std::size_t levels) {
    return R"({"plugins": {"directory": "p", "settings": {"echo": {"config": {"deep": )" +
           std::string(levels, '[') + std::string(levels, ']') + "}}}}}";
  };
  CHECK(problems_of(parse(nested(limits::kNestingMax - 5))).empty());
  CHECK(problems_of(parse(nested(limits::kNestingMax - 4))).size() == 1);
}
