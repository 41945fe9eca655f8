#include "daemon/control/socket_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/config/exit_codes.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/os_error.hpp"
#include "daemon/logging/escape.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::control {
namespace {

namespace fs = std::filesystem;
using Problem = std::optional<SocketProblem>;

std::string quote(const fs::path& path) { return "'" + escape_text(path.string()) + "'"; }

SocketProblem cannot_create(std::string text) { return {kExitCannotCreate, std::move(text)}; }
SocketProblem no_permission(std::string text) { return {kExitPermission, std::move(text)}; }

SocketProblem system_problem(const std::string& what, int error) {
  std::string text = what + ": " + os_error_text(error);
  const bool permission = error == EACCES || error == EPERM || error == EROFS;
  return permission ? no_permission(std::move(text)) : cannot_create(std::move(text));
}

Problem make_folder(const fs::path& folder) {
  if (folder.empty() || ::access(folder.c_str(), F_OK) == 0) return std::nullopt;
  if (folder.has_relative_path()) {
    if (auto problem = make_folder(folder.parent_path())) return problem;
  }
  if (::mkdir(folder.c_str(), 0750) == 0 || errno == EEXIST) return std::nullopt;
  return system_problem("cannot create the folder " + quote(folder) + " for the control socket",
                        errno);
}

// In a folder that somebody else may write to, he could put his own socket in the place of ours.
Problem check_folder(int folder, const fs::path& path) {
  struct stat info {};
  if (::fstat(folder, &info) != 0) return system_problem("cannot look at " + quote(path), errno);
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return no_permission("the folder " + quote(path) + " of the control socket belongs to user " +
                         std::to_string(info.st_uid) +
                         ", who could replace the socket; use a folder of your own");
  }
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return no_permission("everybody may write to the folder " + quote(path) +
                         " of the control socket; take that right away (chmod o-w) or use "
                         "another folder");
  }
  return std::nullopt;
}

// Others hold it for microseconds, while they start or stop.
bool lock_folder(int folder) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(kFolderLockMs);
  while (::flock(folder, LOCK_EX | LOCK_NB) != 0) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

int connect_error(const fs::path& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return errno;
  const sockaddr_un address = address_of(path);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  const int error = ::connect(probe, generic, sizeof address) == 0 ? 0 : errno;
  ::close(probe);
  return error;
}

// Makes the name free, or says who has it.
Problem clear_name(int folder, const std::string& name, const fs::path& path) {
  struct stat info {};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return system_problem("cannot look at the control socket " + quote(path), errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return cannot_create("the control socket's path " + quote(path) +
                         " exists and is not a socket; remove it or choose another path");
  }
  switch (const int error = connect_error(path); error) {
    case ENOENT:
      return std::nullopt;
    case ECONNREFUSED:
      break;
    case 0:
    case EAGAIN:  // somebody listens, with a full queue
      return cannot_create("another daemon answers at " + quote(path) +
                           "; stop it or give this one another socket");
    case EPROTOTYPE:
      return cannot_create("another program uses the socket " + quote(path) +
                           "; choose another path");
    default:
      return system_problem("cannot tell who owns the socket " + quote(path), error);
  }
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return std::nullopt;
  return system_problem("cannot remove the stale socket " + quote(path), errno);
}

// On Linux a socket file gets its mode from the descriptor, so that there is no moment in which it
// could be wider, and no need for the umask, which belongs to every thread of the process.
Problem bind_and_listen(int listener, int folder, const std::string& name, const fs::path& path,
                        mode_t mode) {
  const sockaddr_un address = address_of(path);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::fchmod(listener, 0600) != 0 || ::bind(listener, generic, sizeof address) != 0) {
    return system_problem("cannot create the control socket " + quote(path), errno);
  }
  // The umask may have narrowed it; the operator's word counts.
  if (::fchmodat(folder, name.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::listen(listener, kBacklog) != 0) {
    const int error = errno;
    ::unlinkat(folder, name.c_str(), 0);
    return system_problem("cannot set up the control socket " + quote(path), error);
  }
  return std::nullopt;
}

}  // namespace

std::variant<SocketFile, SocketProblem> SocketFile::claim(const fs::path& given, mode_t mode) {
  EKIDEN_CHECK((mode & 0600) == 0600);
  const fs::path path = fs::absolute(given);
  if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
    return cannot_create("the control socket's path " + quote(path) + " is longer than " +
                         std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                         " bytes, the most that the system takes; choose a shorter one");
  }
  if (!path.has_filename()) {
    return cannot_create("the control socket's path " + quote(path) + " names a folder");
  }
  SocketFile file;
  file.name_ = path.filename().string();
  if (auto problem = file.open_folder(path.parent_path())) return *problem;
  if (!lock_folder(file.folder_)) {
    return cannot_create("another program keeps the folder " + quote(path.parent_path()) +
                         " locked; stop it or choose another folder for the control socket");
  }
  auto problem = clear_name(file.folder_, file.name_, path);
  if (!problem) problem = file.listen_at(path, mode);
  ::flock(file.folder_, LOCK_UN);
  if (problem) return *problem;
  return file;
}

Problem SocketFile::open_folder(const fs::path& folder) {
  if (auto problem = make_folder(folder)) return problem;
  folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) return system_problem("cannot open the folder " + quote(folder), errno);
  return check_folder(folder_, folder);
}

Problem SocketFile::listen_at(const fs::path& path, mode_t mode) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) return system_problem("cannot create the control socket", errno);
  if (auto problem = bind_and_listen(listener_, folder_, name_, path, mode)) return problem;
  struct stat made {};
  if (::fstatat(folder_, name_.c_str(), &made, AT_SYMLINK_NOFOLLOW) == 0) {
    device_ = made.st_dev;
    inode_ = made.st_ino;
  }
  return std::nullopt;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : folder_(std::exchange(other.folder_, -1)),
      name_(std::move(other.name_)),
      listener_(std::exchange(other.listener_, -1)),
      device_(other.device_),
      inode_(std::exchange(other.inode_, 0)) {}

SocketFile::~SocketFile() { release(); }

int SocketFile::take_listener() { return std::exchange(listener_, -1); }

void SocketFile::release() noexcept {
  if (folder_ < 0) return;
  // Without the lock (somebody sits on it) the look and the removal are not one step; a file left
  // behind is stale, and the next start takes it away.
  if (inode_ != 0 && lock_folder(folder_)) {
    struct stat info {};
    if (::fstatat(folder_, name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_dev == device_ && info.st_ino == inode_) {
      ::unlinkat(folder_, name_.c_str(), 0);
    }
  }
  ::close(std::exchange(folder_, -1));
  if (listener_ >= 0) ::close(std::exchange(listener_, -1));
}

}  // namespace ekiden::daemon::control
