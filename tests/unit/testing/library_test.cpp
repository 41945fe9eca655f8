// Plugins as files: the daemon's own way from the file to the instance.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include <ekiden/testing.hpp>

using namespace std::chrono_literals;
using namespace ekiden::testing;

namespace {

std::filesystem::path built(const char* name) {
  return std::filesystem::path(EKIDEN_BUILT_PLUGINS) / name;
}

}  // namespace

TEST_CASE("a file is loaded, works with the clock, and is loaded again") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  for (int i = 0; i < 3; i++) {
    auto plugin = harness.load(built("hello_c.so"));
    CHECK(plugin.name() == "hello_c");
    auto greeting = plugin.call_async("greet", R"({"name":"Ada"})");
    harness.advance(10ms - 1ns);
    CHECK_FALSE(greeting.is_ready());
    harness.advance(1ns);
    REQUIRE(greeting.is_ready());
    CHECK(greeting.get() == R"({"greeting":"Hello, Ada!"})");
    const Unloaded unloaded = plugin.unload();
    CHECK(unloaded.text() == "");
  }
}

TEST_CASE("a file that the daemon would refuse is refused") {
  Harness harness;
  CHECK_THROWS_WITH(harness.load(built("nobody.so")), Catch::Contains("nobody.so"));
  CHECK_THROWS_WITH(harness.load(built("hello_c")), Catch::Contains("expected <name>.so"));
  CHECK_THROWS_AS(harness.load("/proc/self/No Plugin.so"), Error);
  CHECK_THROWS_WITH(harness.load(built("hello_c.so"), R"({"color":"red"})"),
                    Catch::Contains("hello_c has no settings"));
}
