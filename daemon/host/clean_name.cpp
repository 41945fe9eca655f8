#include "daemon/host/clean_name.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "daemon/logging/utf8.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::host {

namespace {

bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7f; }

// Bytes at the front of `text` that may stay: a whole character, or none.
std::size_t good_bytes(std::string_view text) noexcept {
  const std::optional<CodePoint> point = decode_utf8(text);
  if (!point || point->value < 0x20 || (point->value >= 0x7f && point->value < 0xa0)) return 0;
  return point->bytes;
}

}  // namespace

std::string_view clean_name(std::string_view name, NameBuffer& buffer) noexcept {
  EKIDEN_CHECK(name.size() <= buffer.size());
  if (std::all_of(name.begin(), name.end(), is_plain)) return name;
  std::size_t used = 0;
  while (used < name.size()) {
    const std::size_t good = good_bytes(name.substr(used));
    if (good == 0) {
      buffer[used++] = '?';
    } else {
      used = static_cast<std::size_t>(
          std::copy_n(name.begin() + static_cast<std::ptrdiff_t>(used), good,
                      buffer.begin() + static_cast<std::ptrdiff_t>(used)) -
          buffer.begin());
    }
  }
  return std::string_view(buffer.data(), used);
}

}  // namespace ekiden::daemon::host
