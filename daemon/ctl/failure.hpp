// Why a command did not work: what ekidenctl says, and how it ends.
#pragma once

#include <string>

namespace ekiden::daemon::ctl {

// Scripts rely on these numbers. Errors of the daemon bring theirs from daemon/control/error.hpp.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;
inline constexpr int kExitDenied = 4;
inline constexpr int kExitTimedOut = 7;

struct Failure {
  int exit_code = kExitFailed;
  std::string text;  // one sentence; any bytes
};

}  // namespace ekiden::daemon::ctl
