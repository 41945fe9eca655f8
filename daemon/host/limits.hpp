// Every bound of the bridge in one place. They keep a plugin that is wrong, or that lies, from
// costing the daemon more than an error code.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ekiden::daemon::host {

// A struct_size beyond it is a lie: no struct of the ABI will come near, and its tail is read.
inline constexpr std::uint32_t kStructMaxBytes = 4096;

// A command's answer: one JSON value. Both as on the control plane, which carries it on.
inline constexpr std::size_t kReplyMaxBytes = 1024 * 1024;
inline constexpr std::size_t kReplyMaxDepth = 32;
// A progress event. It travels inside params inside a message, and is read by clients that take 32
// levels in all; one level is kept for what may come around it.
inline constexpr std::size_t kProgressMaxBytes = 64 * 1024;
inline constexpr std::size_t kProgressMaxDepth = 29;

// A command that is never answered is closed by its deadline, so this many wait only where a plugin
// answers none at all.
inline constexpr std::size_t kOpenCallsMax = 65'536;

inline constexpr std::uint64_t kNameMaxBytes = 63;  // names of task types and of tasks
inline constexpr std::uint32_t kStateAlignMax = 64;
inline constexpr std::uint32_t kBlockAlignMax = 4096;
// A block beyond it is a length that went wrong (a -1, say): refused before the allocator sees it,
// because overcommitting systems grant a lot.
inline constexpr std::uint64_t kBlockMaxBytes = std::uint64_t{1} << 38;

// "plugin." and a descriptor's name.
inline constexpr std::size_t kPluginNameMaxBytes = 63;

}  // namespace ekiden::daemon::host
