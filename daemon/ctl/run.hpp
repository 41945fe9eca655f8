// The whole of ekidenctl, apart from the process around it.
#pragma once

#include <iosfwd>

namespace ekiden::daemon::ctl {

// Carries one command line out and answers with the exit code. Results go to `out`, what went wrong
// to `err`, as one sentence. One thread.
int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace ekiden::daemon::ctl
