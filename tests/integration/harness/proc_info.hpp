// What the kernel knows about a process, from /proc.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ekiden::integration {

std::size_t resident_bytes(pid_t pid);       // VmRSS
std::size_t peak_resident_bytes(pid_t pid);  // VmHWM
std::size_t open_descriptors(pid_t pid);
std::size_t thread_count(pid_t pid);

// Context switches so far, wanted and forced, by thread: "<tid> <name>".
std::map<std::string, std::uint64_t> context_switches(pid_t pid);

}  // namespace ekiden::integration
