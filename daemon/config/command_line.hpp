// ekidend's command line.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <variant>

#include "daemon/config/settings.hpp"
#include "daemon/logging/level.hpp"

namespace ekiden::daemon {

struct CommandLine {
  std::filesystem::path config;
  bool check_config = false;
  std::optional<std::filesystem::path> socket;  // absolute
  std::optional<log::Level> log_level;

  bool operator==(const CommandLine&) const = default;
};

// What to do, or the exit code to leave with at once: kExitOk after --help and --version, which
// write to `out`, kExitUsage after a mistake, which is explained on `err`. Before any thread is
// started.
[[nodiscard]] std::variant<CommandLine, int> read_command_line(int argc, const char* const* argv,
                                                               std::ostream& out,
                                                               std::ostream& err);

// What the command line says goes before what the file says.
void apply(const CommandLine& command_line, Settings& settings);

}  // namespace ekiden::daemon
