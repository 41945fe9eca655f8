// Why the daemon cannot start.
#pragma once

#include <string>

namespace ekiden::daemon {

struct StartProblem {
  int exit_code = 0;  // exit_codes.hpp
  std::string text;   // one sentence: what is wrong, what was expected, what to do
};

}  // namespace ekiden::daemon
