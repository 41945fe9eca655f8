// ekidend: reads the command line and the configuration, and runs the daemon in the foreground.
#include <sys/resource.h>

#include <exception>
#include <filesystem>
#include <iostream>
#include <variant>

#include "daemon/app/daemon.hpp"
#include "daemon/app/signals.hpp"
#include "daemon/app/stop_request.hpp"
#include "daemon/config/check_config.hpp"
#include "daemon/config/command_line.hpp"
#include "daemon/config/exit_codes.hpp"
#include "daemon/config/parse.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon {
namespace {

// Every connection is a descriptor, and the soft limit is for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const CommandLine& line) {
  if (line.check_config) return check_config(line.config, std::cout, std::cerr);
  ParsedSettings parsed = load_settings(line.config);
  if (const auto* problems = std::get_if<Problems>(&parsed)) {
    print_problems(line.config, *problems, std::cerr);
    return kExitConfig;
  }
  Settings& settings = std::get<Settings>(parsed);
  apply(line, settings);

  StopRequest stop;
  const Signals signals([&stop] { stop.request(); });
  raise_descriptor_limit();
  log::setup(settings.log.format, settings.log.level);
  const int exit_code =
      run_daemon(settings, std::filesystem::absolute(line.config), EKIDEN_VERSION, stop);
  log::shutdown();
  return exit_code;
}

}  // namespace
}  // namespace ekiden::daemon

int main(int argc, char** argv) {
  using namespace ekiden::daemon;
  try {
    const auto line = read_command_line(argc, argv, std::cout, std::cerr);
    if (const int* exit_code = std::get_if<int>(&line)) return *exit_code;
    return run(std::get<CommandLine>(line));
  } catch (const std::exception& e) {
    log::critical("daemon", std::string("the daemon cannot go on: ") + e.what());
    log::shutdown();
    return kExitInternal;
  }
}
