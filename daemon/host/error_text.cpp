#include "daemon/host/error_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "daemon/host/abi_struct.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::host {

std::int32_t fill_error(ekd_error* err, std::int32_t code, std::string_view text,
                        std::int32_t os_errno) noexcept {
  std::uint32_t size = 0;
  if (check_struct(err, size) != StructFault::kNone) return code;
  ekd_error filled = ekd_error_init();
  const std::string_view kept = utf8_prefix(text, EKD_ERROR_TEXT_BYTES - 1);
  std::memset(filled.text, 0, sizeof(filled.text));
  std::memcpy(filled.text, kept.data(), kept.size());
  filled.text_size = static_cast<std::uint32_t>(kept.size());
  filled.code = code;
  filled.os_errno = os_errno;
  write_struct(err, size, filled);
  return code;
}

std::int32_t fill_os_error(ekd_error* err, std::string_view what, int os_errno) noexcept {
  std::array<char, EKD_ERROR_TEXT_BYTES> text{};
  std::array<char, 128> buffer{};
  // The GNU form: answers a pointer that may or may not be into the buffer.
  const std::string_view words = ::strerror_r(os_errno, buffer.data(), buffer.size());
  std::size_t used = 0;
  const auto append = [&](std::string_view part) {
    const std::size_t n = std::min(part.size(), text.size() - used);
    std::memcpy(text.data() + used, part.data(), n);
    used += n;
  };
  append(what);
  append(": ");
  append(words);
  return fill_error(err, EKD_E_OS, std::string_view(text.data(), used), os_errno);
}

std::string error_text(const ekd_error* err) {
  std::uint32_t size = 0;
  if (check_struct(err, size) != StructFault::kNone) return {};
  const std::size_t length = std::min<std::size_t>(err->text_size, EKD_ERROR_TEXT_BYTES - 1);
  return escape_text(std::string_view(err->text, length));
}

}  // namespace ekiden::daemon::host
