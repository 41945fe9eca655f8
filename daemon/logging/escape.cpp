#include "daemon/logging/escape.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>

#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

constexpr bool is_control(char32_t c) noexcept { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// U+2028 and U+2029 end a line for JavaScript and for some pagers.
constexpr bool breaks_line(char32_t c) noexcept { return c == 0x2028 || c == 0x2029; }

void append_hex(std::string& out, const char* format, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, value);
  out += text.data();
}

void append_control(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_hex(out, "\\u%04x", static_cast<unsigned>(c));
  }
}

struct Style {
  bool quotes_and_backslashes;  // escape them too
  const char* invalid_byte;     // printf format
};

constexpr Style kTextStyle{false, "\\x%02x"};
constexpr Style kJsonStyle{true, "\\\\x%02x"};

// Printable ASCII, the bulk of every log, that no style changes.
constexpr bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void append_escaped(std::string& out, std::string_view text, const Style& style) {
  while (!text.empty()) {
    const auto plain_end = std::find_if_not(text.begin(), text.end(), is_plain);
    out.append(text.begin(), plain_end);
    text.remove_prefix(static_cast<std::size_t>(plain_end - text.begin()));
    if (text.empty()) return;

    const std::optional<CodePoint> next = decode_utf8(text);
    if (!next) {
      append_hex(out, style.invalid_byte, static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    if (is_control(next->value) || breaks_line(next->value)) {
      append_control(out, next->value);
    } else {
      const bool special = next->value == '"' || next->value == '\\';
      if (special && style.quotes_and_backslashes) out += '\\';
      out += text.substr(0, next->bytes);
    }
    text.remove_prefix(next->bytes);
  }
}

}  // namespace

std::string escape_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_escaped(out, text, kTextStyle);
  return out;
}

std::string escape_json(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  append_escaped(out, text, kJsonStyle);
  out += '"';
  return out;
}

}  // namespace ekiden::daemon
