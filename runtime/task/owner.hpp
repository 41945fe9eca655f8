// Who a task, a timer, a descriptor or a job belongs to: one loaded generation of a plugin.
// The runtime knows owners by number only; the daemon keeps what is behind the number.
#pragma once

#include <cstdint>

namespace ekiden::runtime {

using OwnerId = std::uint32_t;

// The runtime itself: work that belongs to no plugin. Never unloaded.
inline constexpr OwnerId kRuntimeOwner = 0;

// Owners at a time, the runtime's included.
inline constexpr OwnerId kMaxOwners = 4096;

}  // namespace ekiden::runtime
