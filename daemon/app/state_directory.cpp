#include "daemon/app/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "daemon/config/exit_codes.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;

std::string because(int error) { return std::generic_category().message(error); }

int exit_code_of(int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return denied ? kExitPermission : kExitCannotCreate;
}

StartProblem cannot_make(const fs::path& path, int error) {
  return {exit_code_of(error),
          "the state directory '" + path.string() + "' cannot be made (" + because(error) +
              "); set state_directory to a place that the daemon may write to"};
}

// Not fs::create_directories: that makes them as open as the umask allows.
std::optional<StartProblem> make_directories(const fs::path& path) {
  std::vector<fs::path> missing;
  struct stat status {};
  for (fs::path at = path; ::stat(at.c_str(), &status) != 0 && errno == ENOENT;
       at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (::mkdir(at->c_str(), 0700) != 0 && errno != EEXIST) return cannot_make(*at, errno);
  }
  return std::nullopt;
}

// Whoever could put another directory in its place, or files into it, could choose what is loaded.
std::optional<StartProblem> check_owner(const fs::path& path, bool is_parent) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return cannot_make(path, errno);
  const std::string shown =
      std::string(is_parent ? "the folder of the state directory '" : "the state directory '") +
      path.string() + "' ";
  if (!S_ISDIR(status.st_mode)) {
    return StartProblem{kExitCannotCreate,
                        shown +
                            "is no directory; remove it, or set state_directory to another "
                            "place"};
  }
  if (status.st_uid != ::geteuid() && !(is_parent && status.st_uid == 0)) {
    return StartProblem{kExitPermission,
                        shown + "belongs to user " + std::to_string(status.st_uid) +
                            "; it must belong to the daemon's user " + std::to_string(::geteuid()) +
                            ": change it with chown, or set "
                            "state_directory to another place"};
  }
  const bool is_open = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  const bool is_sticky = (status.st_mode & S_ISVTX) != 0;
  if (is_open && !(is_parent && is_sticky)) {
    return StartProblem{kExitPermission, shown +
                                             "can be written to by group or others; nobody "
                                             "but the daemon's user may: run chmod go-w"};
  }
  return std::nullopt;
}

StartProblem held_by_another(int fd, const fs::path& lock) {
  std::array<char, 16> pid{};
  const ssize_t n = ::pread(fd, pid.data(), pid.size() - 1, 0);
  std::string who = "another daemon";
  if (n > 0) {
    const std::string text(pid.data(), static_cast<std::size_t>(n));
    who += " (process " + text.substr(0, text.find('\n')) + ")";
  }
  return {kExitCannotCreate, who + " holds the lock '" + lock.string() +
                                 "'; stop it first, or give this one a state_directory of its own"};
}

// The number is for people and messages; the lock is the kernel's.
void write_pid(int fd) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t n = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

std::variant<StateDirectory, StartProblem> StateDirectory::claim(const fs::path& path) {
  if (auto problem = make_directories(path)) return *problem;
  if (auto problem = check_owner(path.parent_path(), true)) return *problem;
  if (auto problem = check_owner(path, false)) return *problem;

  const fs::path lock = path / "lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    const int error = errno;
    return StartProblem{exit_code_of(error),
                        "the lock '" + lock.string() + "' cannot be opened: " + because(error)};
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    StartProblem problem = held_by_another(fd, lock);
    if (error != EWOULDBLOCK) {
      problem = {kExitCannotCreate,
                 "the lock '" + lock.string() + "' cannot be taken: " + because(error)};
    }
    ::close(fd);
    return problem;
  }
  write_pid(fd);
  return StateDirectory(path, fd);
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace ekiden::daemon
