// The 64-bit names that the runtime hands out: 4 bits of kind, 28 of slot index, 32 of generation.
// A handle is a plain value. Memory of slots is type-stable, so looking at the slot of an old
// handle is always safe: it shows another generation, and the call does nothing or is refused.
#pragma once

#include <cstdint>

namespace ekiden::runtime {

// Kind 15 is none: where a handle may stand, it marks something else (TaskHeader::waits_on).
enum class HandleKind : std::uint8_t {
  kTask = 0,  // also a waker
  kTimer = 8,
  kIo = 9,
  kJob = 10,
  kSender = 12,  // 11 is the daemon's
  kReceiver = 13,
  kBuffer = 14,
};

class Handle {
 public:
  static constexpr std::uint32_t kIndexBits = 28;
  static constexpr std::uint32_t kIndexMask = (1u << kIndexBits) - 1;

  constexpr Handle() = default;
  constexpr explicit Handle(std::uint64_t bits) : bits_(bits) {}
  constexpr Handle(HandleKind kind, std::uint32_t index, std::uint32_t generation)
      : bits_(static_cast<std::uint64_t>(kind) << 60 |
              static_cast<std::uint64_t>(index & kIndexMask) << 32 | generation) {}

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr HandleKind kind() const { return static_cast<HandleKind>(bits_ >> 60); }
  constexpr std::uint32_t index() const {
    return static_cast<std::uint32_t>(bits_ >> 32) & kIndexMask;
  }
  constexpr std::uint32_t generation() const { return static_cast<std::uint32_t>(bits_); }
  // Generation 0 is never given out, so zero is "no handle".
  constexpr bool is_null() const { return generation() == 0; }

  friend constexpr bool operator==(Handle a, Handle b) = default;

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace ekiden::runtime
