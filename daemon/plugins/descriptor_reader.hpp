// Reads a plugin's descriptor out of its file, before any of its code can run.
//
// The file may be anything: every offset in it is checked against the bytes that are there. What is
// read is the descriptor's head, which has no pointers; those are relocations and zero in the file.
// Any thread; nothing throws but std::bad_alloc.
#pragma once

#include <ekiden/plugin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/plugins/refusal.hpp"

namespace ekiden::daemon {

// The bytes of ekd_plugin_desc in front of its first pointer.
inline constexpr std::size_t kDescriptorHeadBytes = 128;

struct Descriptor {
  std::string name;
  std::string version;
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::uint32_t struct_size = 0;
  std::array<std::byte, kDescriptorHeadBytes> head{};  // as it is in the file
};

// `image` is the whole file; `stem` the name that it goes by; `shown` what messages call the file.
// Every refusal is kFailed.
OrRefusal<Descriptor> read_descriptor(std::span<const std::byte> image, std::string_view stem,
                                      std::string_view shown);

// The same for an open file that nobody else can change.
OrRefusal<Descriptor> read_descriptor(int fd, std::string_view stem, std::string_view shown);

// The same for the descriptor of a plugin that is linked into this program. It goes by the name
// that it gives itself.
OrRefusal<Descriptor> read_descriptor(const ekd_plugin_desc& linked);

}  // namespace ekiden::daemon
