#include "daemon/config/default_paths.hpp"

#include <unistd.h>

#include <cstdlib>

namespace ekiden::daemon {
namespace {

constexpr uid_t kRoot = 0;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_absolute(const std::string& path) { return !path.empty() && path.front() == '/'; }

std::string last_resort(uid_t uid) { return "/tmp/ekiden-" + std::to_string(uid); }

}  // namespace

UserEnvironment user_environment() {
  return {geteuid(), variable("XDG_RUNTIME_DIR"), variable("XDG_STATE_HOME"), variable("HOME")};
}

std::string default_socket_path(const UserEnvironment& user) {
  if (user.uid == kRoot) return "/run/ekiden/control.sock";
  if (is_absolute(user.xdg_runtime_dir)) return user.xdg_runtime_dir + "/ekiden/control.sock";
  return last_resort(user.uid) + "/control.sock";
}

std::string default_state_directory(const UserEnvironment& user) {
  if (user.uid == kRoot) return "/var/lib/ekiden";
  if (is_absolute(user.xdg_state_home)) return user.xdg_state_home + "/ekiden";
  if (is_absolute(user.home)) return user.home + "/.local/state/ekiden";
  return last_resort(user.uid) + "/state";
}

}  // namespace ekiden::daemon
