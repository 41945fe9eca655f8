#include "daemon/config/check_config.hpp"

#include <ostream>
#include <variant>

#include "daemon/config/exit_codes.hpp"
#include "daemon/config/parse.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon {

void print_problems(const std::filesystem::path& file, const Problems& problems,
                    std::ostream& err) {
  const std::string name = escape_text(file.native());
  for (const Problem& problem : problems)
    err << name << ": " << to_string(problem) << '\n';
}

int check_config(const std::filesystem::path& file, std::ostream& out, std::ostream& err) {
  const ParsedSettings parsed = load_settings(file);
  if (const Problems* const problems = std::get_if<Problems>(&parsed)) {
    print_problems(file, *problems, err);
    return kExitConfig;
  }
  out << "configuration ok\n";
  return kExitOk;
}

}  // namespace ekiden::daemon
