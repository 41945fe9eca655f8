// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ekiden::daemon {

struct CodePoint {
  char32_t value;
  std::size_t bytes;  // 1 to 4
};

// The code point at the front of `text`, or nothing where `text` is empty or does not begin with a
// well-formed one. Any thread.
std::optional<CodePoint> decode_utf8(std::string_view text) noexcept;

// Offset of the first byte that is not part of well-formed UTF-8; npos where all of it is.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

// The longest front part of `text` of at most `bytes_max` bytes that does not cut a code point.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace ekiden::daemon
