// What the operating system says of an errno value. Shared with the client.
#pragma once

#include <cstring>
#include <string>

namespace ekiden::daemon::control {

// Any thread. Not std::generic_category().message(): UBSan looks behind that object's virtual table
// through a pipe, and calls it broken where there is no descriptor left for one, which is just when
// the server has to say so.
inline std::string os_error_text(int error) {
  char buffer[128];
  return ::strerror_r(error, buffer, sizeof buffer);
}

}  // namespace ekiden::daemon::control
