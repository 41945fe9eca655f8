#include "daemon/config/render.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/fixture.hpp"

using namespace ekiden::daemon;
using test::parse;
using test::settings_of;

TEST_CASE("rendered settings read back to the same settings") {
  const std::vector<std::string_view> texts = {
      R"({"plugins": {"directory": "p"}})",
      R"({"plugins": {"directory": "p", "autoload": false, "settings": {"echo": {}, "a1": {
          "enabled": false, "limits": {"tasks": 1},
          "config": {"text": "\u0000\n\"駅\"", "number": -1.5e300, "list": [true, null, {}]}}}},
          "runtime": {"workers": 7, "global_queue_interval": 3, "lifo_slot": false,
                      "blocking": {"threads_max": 1},
                      "stall": {"report_ms": 999, "replace_max": 0}},
          "control": {"mode": "0777", "socket": "../s\t\u0001.sock"},
          "state_directory": "/état", "log": {"level": "off", "format": "json"}})",
  };
  for (const std::string_view text : texts) {
    const Settings settings = settings_of(parse(text));
    CHECK(settings_of(parse(render_settings(settings))) == settings);
  }
}

TEST_CASE("every default is shown, in the order of the documentation") {
  const std::string text =
      render_settings(settings_of(parse(R"({"plugins": {"directory": "p"}})")));
  CHECK(text == R"({
  "runtime": {
    "workers": "auto",
    "local_queue_capacity": 256,
    "global_queue_capacity": 1048576,
    "global_queue_interval": "auto",
    "event_interval": 61,
    "lifo_slot": true,
    "poll_budget": 128,
    "blocking": {
      "threads_max": 64,
      "queue_capacity": 4096,
      "keep_alive_ms": 10000
    },
    "stall": {
      "report_ms": 50,
      "replace_ms": 200,
      "replace_max": "workers"
    }
  },
  "plugins": {
    "directory": "/etc/ekiden/p",
    "autoload": true,
    "unload_ms": 5000,
    "settings": {}
  },
  "control": {
    "socket": "/run/user/1000/ekiden/control.sock",
    "mode": "0660"
  },
  "state_directory": "/home/runner/.local/state/ekiden",
  "shutdown": {
    "grace_ms": 5000
  },
  "log": {
    "level": "info",
    "format": "text"
  }
}
)");
}

TEST_CASE("a path that is not UTF-8 is shown escaped") {
  Settings settings = settings_of(parse(R"({"plugins": {"directory": "p"}})"));
  settings.control.socket = "/run/\xff/control.sock";
  const auto shown = nlohmann::json::parse(render_settings(settings));
  CHECK(shown.at("control").at("socket") == "/run/\\xff/control.sock");
}
