#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

constexpr std::size_t kSequenceMaxBytes = 4;

// What the first byte says about the rest.
struct Lead {
  std::size_t bytes;
  char32_t bits;      // the lead's own bits of the code point
  char32_t smallest;  // a smaller result is an overlong form
};

constexpr unsigned char byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0) == 0x80; }

std::optional<Lead> read_lead(unsigned char byte) noexcept {
  if (byte < 0x80) return Lead{1, byte, 0};
  if ((byte & 0xE0) == 0xC0) return Lead{2, char32_t(byte & 0x1F), 0x80};
  if ((byte & 0xF0) == 0xE0) return Lead{3, char32_t(byte & 0x0F), 0x800};
  if ((byte & 0xF8) == 0xF0) return Lead{4, char32_t(byte & 0x07), 0x10000};
  return std::nullopt;
}

constexpr bool is_scalar(char32_t value) noexcept {
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

}  // namespace

std::optional<CodePoint> decode_utf8(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const std::optional<Lead> lead = read_lead(byte_at(text, 0));
  if (!lead || lead->bytes > text.size()) return std::nullopt;
  char32_t value = lead->bits;
  for (std::size_t at = 1; at < lead->bytes; ++at) {
    const unsigned char byte = byte_at(text, at);
    if (!is_continuation(byte)) return std::nullopt;
    value = (value << 6) | (byte & 0x3F);
  }
  if (value < lead->smallest || !is_scalar(value)) return std::nullopt;
  return CodePoint{value, lead->bytes};
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::optional<CodePoint> next = decode_utf8(text.substr(at));
    if (!next) return at;
    at += next->bytes;
  }
  return std::string_view::npos;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  // Text that is not UTF-8 may be continuation bytes throughout: look back over one code point
  // only.
  for (std::size_t back = 0; back < kSequenceMaxBytes && back <= bytes_max; ++back) {
    const std::size_t end = bytes_max - back;
    if (!is_continuation(byte_at(text, end))) return text.substr(0, end);
  }
  return text.substr(0, bytes_max);
}

}  // namespace ekiden::daemon
