// How ekidend ends, after sysexits.h. Scripts and service managers rely on these numbers.
#pragma once

namespace ekiden::daemon {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;         // the command line is wrong
inline constexpr int kExitUnavailable = 69;   // the system does not give what it needs (threads)
inline constexpr int kExitInternal = 70;      // a task did not end within the grace, or a bug
inline constexpr int kExitCannotCreate = 73;  // the socket or the lock cannot be created
inline constexpr int kExitPermission = 77;    // not allowed
inline constexpr int kExitConfig = 78;        // the configuration is wrong

}  // namespace ekiden::daemon
