// The plugin in this process, under a real runtime with a clock to turn.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include <ekiden/testing.hpp>

using namespace std::chrono_literals;

TEST_CASE("a greeting takes as long as it is told to") {
  ekiden::testing::Harness harness;
  auto plugin = harness.load(ekd_plugin, R"({"delay_ms":60000})");
  auto answer = plugin.call_async("greet", R"({"name":"Ada"})");
  harness.advance(1min - 1ns);
  CHECK_FALSE(answer.is_ready());
  harness.advance(1ns);
  CHECK(answer.get() == R"({"greeting":"Hello, Ada!"})");
  CHECK(plugin.unload().clean());
}

TEST_CASE("what is wrong is said") {
  ekiden::testing::Harness harness;
  CHECK_THROWS_WITH(harness.load(ekd_plugin, R"({"delay":1})"), Catch::Contains("delay_ms"));
  auto plugin = harness.load(ekd_plugin);
  CHECK_THROWS_WITH(plugin.call("fly"), Catch::Contains("greet"));
  CHECK_THROWS_WITH(plugin.call("greet", R"({"age":1})"), Catch::Contains("name"));
}
