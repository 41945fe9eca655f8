// Bytes, and how they become text and back.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

EKIDEN_SDK_BEGIN

using Bytes = std::vector<std::byte>;

// Both borrow.
inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The buffers of a vectored write, borrowed.
using Slices = std::span<const std::span<const std::byte>>;

EKIDEN_SDK_END
