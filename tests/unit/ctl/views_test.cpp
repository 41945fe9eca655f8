#include "daemon/ctl/views.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ekiden::daemon::ctl;
using nlohmann::json;

TEST_CASE("a result in another shape is shown as JSON, never lost and never a crash") {
  for (const char* method : {"status", "plugin.list", "task.list", "worker.list", "queue.list",
                             "metrics", "log.get", "config.check", "plugin.load", "shutdown"}) {
    for (const char* result :
         {"null", "1", "[]", "{}", R"({"plugins":1,"ok":"x","components":[1]})",
          R"({"plugins":[1,[],{"name":{}}],"tasks":[null],"workers":[{}]})"}) {
      INFO(method << " " << result);
      CHECK_FALSE(view(method, json::parse(result)).empty());
    }
  }
}

TEST_CASE("metrics show quantiles, and the text for Prometheus as it is") {
  CHECK(view("metrics", json::parse(R"({"text":"a 1\n"})")) == "a 1\n");
  const std::string shown = view("metrics", json::parse(R"({"uptime_ms":1,"tasks":1,
    "log":{"dropped":0},"workers":[],"queues":[],"types":[],"plugin_metrics":[],
    "plugins":[{"plugin":"echo","polls":7,"cpu_share":0.5,
      "poll_ns":{"count":7,"p50":1500,"p99":2000000,"max":2000000},
      "delay_ns":{"count":0,"p50":0,"p99":0,"max":0}}]})"));
  CHECK(shown.find("echo        7   1.50 us  2.00 ms  2.00 ms          -    -    -  50.0 %") !=
        std::string::npos);
}

TEST_CASE("what a plugin says cannot steer a terminal") {
  const json nasty = {{"a", "\x1b[2J\x7f\xc2\x9b"}};
  const std::string shown = view("plugin.call", nasty);
  CHECK(shown.find_first_of("\x1b\x7f\x9b") == std::string::npos);
  CHECK(json::parse(shown) == nasty);
  CHECK(json::parse(json_line(nasty)) == nasty);
  CHECK(json_line(nasty).find('\n') == json_line(nasty).size() - 1);
}

TEST_CASE("unloading says what is left") {
  CHECK(view("plugin.unload", json::parse(R"({"name":"echo","generation":2,"mapped":false})")) ==
        "plugin echo, generation 2, is unloaded\n");
  CHECK(view("plugin.unload",
             json::parse(R"({"name":"echo","generation":2,"mapped":true,"leaked_blocks":3,)"
                         R"("leaked_bytes":2048})")) ==
        "plugin echo, generation 2, is unloaded; its library stays mapped; it left 3 blocks of "
        "host memory (2.0 KiB), which were freed\n");
}
