// The severities of a log record. Free of dependencies, so that settings can name a level without
// knowing how records are written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ekiden::daemon::log {

enum class Level : std::uint8_t {
  kTrace,
  kDebug,
  kInfo,
  kWarn,
  kError,
  kCritical,
  kOff,  // as a threshold: nothing is written; never the level of a record
};

// What a line looks like: for people, or one JSON object a line.
enum class Format : std::uint8_t { kText, kJson };

// In the order of Level. These names appear in settings, in records and in `log get|set`.
inline constexpr std::array<std::string_view, 7> kLevelNames = {"trace", "debug",    "info", "warn",
                                                                "error", "critical", "off"};

std::string_view level_name(Level level) noexcept;
std::optional<Level> parse_level(std::string_view name) noexcept;

// In the order of Format.
inline constexpr std::array<std::string_view, 2> kFormatNames = {"text", "json"};

std::string_view format_name(Format format) noexcept;
std::optional<Format> parse_format(std::string_view name) noexcept;

}  // namespace ekiden::daemon::log
