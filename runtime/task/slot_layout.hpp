// Where in a task's slot its state lies, and how large a slot it takes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace ekiden::runtime {

// A slot is one of these: a TaskHeader, then the state, if it fits.
inline constexpr std::array<std::size_t, 4> kTaskSlotBytes = {128, 256, 512, 1024};
inline constexpr std::size_t kTaskHeaderBytes = 80;

struct SlotLayout {
  std::uint8_t size_class = 0;
  std::uint8_t offset16 = 0;     // of the state, in units of 16 bytes
  std::uint32_t heap_bytes = 0;  // of a state that fits no slot: that one holds a pointer to it
};

// `align`: a power of two up to 64.
constexpr SlotLayout lay_out(std::size_t size, std::size_t align) {
  constexpr std::size_t kHeapAlign = 64;
  const std::size_t unit = std::max<std::size_t>(align, 16);
  const std::size_t offset = (kTaskHeaderBytes + unit - 1) / unit * unit;
  for (std::uint8_t c = 0; c < kTaskSlotBytes.size(); ++c) {
    if (offset + size <= kTaskSlotBytes[c]) {
      return {c, static_cast<std::uint8_t>(offset / 16), 0};
    }
  }
  return {0, kTaskHeaderBytes / 16,
          static_cast<std::uint32_t>((size + kHeapAlign - 1) / kHeapAlign * kHeapAlign)};
}

}  // namespace ekiden::runtime
