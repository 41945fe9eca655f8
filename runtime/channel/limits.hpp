// Every bound of this room. They keep one plugin from filling the daemon with messages that nobody
// reads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ekiden::runtime {

inline constexpr std::size_t kChannelNameMaxBytes = 63;
inline constexpr std::uint32_t kChannelCapacityMax = 65'536;  // messages
inline constexpr std::size_t kChannelsMax = 1024;             // at a time

inline constexpr std::uint64_t kBufferMaxBytes = std::uint64_t{16} << 20;
// What waits in one channel, however few messages that are.
inline constexpr std::uint64_t kChannelQueuedMaxBytes = std::uint64_t{64} << 20;
static_assert(kBufferMaxBytes <= kChannelQueuedMaxBytes, "an empty channel takes every message");

// Slots at a time, of all owners.
inline constexpr std::uint32_t kChannelEndsMax = 1u << 20;
inline constexpr std::uint32_t kBufferReferencesMax = 1u << 24;

}  // namespace ekiden::runtime
