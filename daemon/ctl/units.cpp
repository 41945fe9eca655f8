#include "daemon/ctl/units.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace ekiden::daemon::ctl {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

std::string with_one_digit(double value, std::string_view unit) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.1f %.*s", value, static_cast<int>(unit.size()),
                unit.data());
  return text.data();
}

std::string two_units(std::int64_t ms, std::int64_t large_ms, std::string_view large,
                      std::int64_t small_ms, std::string_view small) {
  std::string text = std::to_string(ms / large_ms);
  text += ' ';
  text += large;
  if (const std::int64_t rest = ms % large_ms / small_ms; rest != 0) {
    text += ' ' + std::to_string(rest) + ' ';
    text += small;
  }
  return text;
}

}  // namespace

std::string duration_text(std::int64_t milliseconds) {
  // The smallest number has no positive counterpart.
  if (milliseconds < 0) {
    return "-" + duration_text(milliseconds == INT64_MIN ? INT64_MAX : -milliseconds);
  }
  if (milliseconds < kSecondMs) return std::to_string(milliseconds) + " ms";
  if (milliseconds < kMinuteMs) {
    // Cut and not rounded, so that 59,999 ms are not "60.0 s".
    return with_one_digit(static_cast<double>(milliseconds / 100) / 10, "s");
  }
  if (milliseconds < kHourMs) return two_units(milliseconds, kMinuteMs, "min", kSecondMs, "s");
  if (milliseconds < kDayMs) return two_units(milliseconds, kHourMs, "h", kMinuteMs, "min");
  return two_units(milliseconds, kDayMs, "d", kHourMs, "h");
}

std::string nanos_text(std::uint64_t nanoseconds) {
  constexpr std::array<std::string_view, 3> kUnits = {"us", "ms", "s"};
  if (nanoseconds < 1000) return std::to_string(nanoseconds) + " ns";
  std::size_t unit = 0;
  std::uint64_t scale = 1000;
  // 999.5 of one unit would be shown as 1000 of it.
  while (unit + 1 < kUnits.size() && nanoseconds >= scale * 1000 - scale / 2) {
    scale *= 1000;
    ++unit;
  }
  const double value = static_cast<double>(nanoseconds) / static_cast<double>(scale);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f %.*s",
                value < 9.995   ? 2
                : value < 99.95 ? 1
                                : 0,
                value, static_cast<int>(kUnits[unit].size()), kUnits[unit].data());
  return text.data();
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (value /= 1024; value >= 1024 && unit + 1 < kUnits.size(); unit++)
    value /= 1024;
  return with_one_digit(value, kUnits[unit]);
}

}  // namespace ekiden::daemon::ctl
