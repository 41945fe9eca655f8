// The daemon's state directory: made where it is missing, its own, and locked, so that of two
// daemons with the same configuration the second one leaves.
#pragma once

#include <filesystem>
#include <utility>
#include <variant>

#include "daemon/app/start_problem.hpp"

namespace ekiden::daemon {

class StateDirectory {
 public:
  // Makes `path` (0700, and what is missing above it) and takes the lock <path>/lock, which holds
  // the process's id. kExitPermission: not allowed, or the directory or the one above it can be
  // written to by others. kExitCannotCreate: another daemon has the lock, or the system refuses.
  // Before any other thread is started.
  static std::variant<StateDirectory, StartProblem> claim(const std::filesystem::path& path);

  // Gives the lock back; the kernel does so too where the process just ends.
  ~StateDirectory();
  StateDirectory(StateDirectory&& other) noexcept
      : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  StateDirectory& operator=(StateDirectory&&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  StateDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace ekiden::daemon
