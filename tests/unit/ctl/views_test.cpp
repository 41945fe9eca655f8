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
