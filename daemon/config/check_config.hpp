// `ekidend --check-config`, and how problems of a configuration are told to people.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "daemon/config/problem.hpp"

namespace ekiden::daemon {

// A line for each: "<file>: <problem>".
void print_problems(const std::filesystem::path& file, const Problems& problems, std::ostream& err);

// Prints "configuration ok" on `out` and answers kExitOk, or prints the problems on `err` and
// answers kExitConfig. Starts and creates nothing.
[[nodiscard]] int check_config(const std::filesystem::path& file, std::ostream& out,
                               std::ostream& err);

}  // namespace ekiden::daemon
