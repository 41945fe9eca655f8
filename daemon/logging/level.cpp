#include "daemon/logging/level.hpp"

#include <algorithm>
#include <cstddef>

namespace ekiden::daemon::log {
namespace {

static_assert(kLevelNames.size() == static_cast<std::size_t>(Level::kOff) + 1);
static_assert(kFormatNames.size() == static_cast<std::size_t>(Format::kJson) + 1);

template <class Enum, class Names>
std::optional<Enum> find_name(const Names& names, std::string_view name) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view level_name(Level level) noexcept {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view name) noexcept {
  return find_name<Level>(kLevelNames, name);
}

std::string_view format_name(Format format) noexcept {
  return kFormatNames[static_cast<std::size_t>(format)];
}

std::optional<Format> parse_format(std::string_view name) noexcept {
  return find_name<Format>(kFormatNames, name);
}

}  // namespace ekiden::daemon::log
