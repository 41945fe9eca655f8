// ekidenctl's command line.
#pragma once

#include <chrono>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

namespace ekiden::daemon::ctl {

// What to send, and how to show what comes back.
struct Command {
  std::string socket;
  bool as_json = false;                              // the result only, on one line
  std::optional<std::chrono::milliseconds> timeout;  // none: what suits the method
  std::string method;
  std::string params_json = "{}";         // an object
  bool by_pages = false;                  // `task dump`: one page after the other
  std::optional<std::string> check_file;  // of `config check`: the text goes into the params
};

// What to do, or the exit code to leave with at once: 0 after --help and --version, which write to
// `out`, 2 after a mistake, which is explained on `err`.
std::variant<Command, int> read_command_line(int argc, const char* const* argv, std::ostream& out,
                                             std::ostream& err);

}  // namespace ekiden::daemon::ctl
