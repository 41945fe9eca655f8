#include "daemon/config/plugin_name.hpp"

#include <algorithm>

#include "daemon/config/limits.hpp"

namespace ekiden::daemon {
namespace {

constexpr bool is_small_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

constexpr bool is_name_character(char c) noexcept {
  return is_small_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_plugin_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > limits::kPluginNameMaxBytes) return false;
  return is_small_letter(name.front()) && std::all_of(name.begin(), name.end(), is_name_character);
}

}  // namespace ekiden::daemon
