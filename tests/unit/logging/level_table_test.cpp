#include "daemon/logging/level_table.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/logging/limits.hpp"

using namespace ekiden::daemon::log;

TEST_CASE("level names read back") {
  for (const std::string_view name : kLevelNames) {
    const auto level = parse_level(name);
    REQUIRE(level);
    CHECK(level_name(*level) == name);
  }
  CHECK_FALSE(parse_level("warning"));
  CHECK_FALSE(parse_level("INFO"));
  CHECK_FALSE(parse_level(""));
  CHECK(parse_format("json") == Format::kJson);
  CHECK_FALSE(parse_format("xml"));
}

TEST_CASE("without overrides the level holds for every component") {
  LevelTable table(Level::kInfo);
  CHECK(table.enabled(Level::kInfo, "plugin.echo"));
  CHECK_FALSE(table.enabled(Level::kDebug, "plugin.echo"));
  table.set_level(Level::kOff);
  CHECK_FALSE(table.enabled(Level::kCritical, "plugin.echo"));
  CHECK_FALSE(table.enabled(Level::kOff, "plugin.echo"));
}

TEST_CASE("the longest dotted part with an override wins") {
  LevelTable table(Level::kInfo);
  REQUIRE(table.set_override("plugin", Level::kError));
  REQUIRE(table.set_override("plugin.echo", Level::kTrace));
  CHECK(table.level_of("plugin.echo") == Level::kTrace);
  CHECK(table.level_of("plugin.echo.accept") == Level::kTrace);
  CHECK(table.level_of("plugin.echo2") == Level::kError);
  CHECK(table.level_of("plugin") == Level::kError);
  CHECK(table.level_of("plugins") == Level::kInfo);
  CHECK(table.level_of("") == Level::kInfo);
}

TEST_CASE("the short test answers for the most talkative component") {
  LevelTable table(Level::kInfo);
  CHECK_FALSE(table.enabled(Level::kDebug));
  REQUIRE(table.set_override("reactor", Level::kDebug));
  CHECK(table.enabled(Level::kDebug));
  CHECK_FALSE(table.enabled(Level::kDebug, "control"));
  CHECK(table.clear_override("reactor"));
  CHECK_FALSE(table.clear_override("reactor"));
  CHECK_FALSE(table.enabled(Level::kDebug));
}

TEST_CASE("overrides are bounded in number and in length") {
  LevelTable table(Level::kInfo);
  CHECK_FALSE(table.set_override("", Level::kDebug));
  CHECK_FALSE(table.set_override(std::string(kComponentMaxBytes + 1, 'a'), Level::kDebug));
  for (std::size_t i = 0; i < kOverridesMax; ++i) {
    REQUIRE(table.set_override("c" + std::to_string(i), Level::kDebug));
  }
  CHECK_FALSE(table.set_override("one_too_many", Level::kDebug));
  CHECK(table.set_override("c0", Level::kError));
  CHECK(table.overrides().size() == kOverridesMax);
}
