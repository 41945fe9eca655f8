// The Unix socket in the file system: claimed at the start, taken away at the end.
//
// Who claims or releases holds a lock on the folder meanwhile, so that of two daemons that find the
// same stale socket, one gets the path and the other is told; no lock file is left behind.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace ekiden::daemon::control {

// Why the path cannot be had.
struct SocketProblem {
  int exit_code = 0;  // exit_codes.hpp: kExitCannotCreate or kExitPermission
  std::string text;   // one sentence: what is wrong and what to do
};

class SocketFile {
 public:
  // Creates the folder where it is missing (0750), takes away a socket that nobody listens on, and
  // listens. The socket has at no moment a wider mode than `mode`, whatever the umask; 0600 must be
  // part of it. May take kFolderLockMs. One thread.
  static std::variant<SocketFile, SocketProblem> claim(const std::filesystem::path& path,
                                                       mode_t mode);

  // release().
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;

  // The listening descriptor, non-blocking, which is the caller's from now on. Once.
  int take_listener();

  // Takes the file away, if it is still the one that claim() made. While the listening descriptor
  // is open: only that keeps the file's number from naming another daemon's file.
  void release() noexcept;

 private:
  SocketFile() = default;

  std::optional<SocketProblem> open_folder(const std::filesystem::path& folder);
  std::optional<SocketProblem> listen_at(const std::filesystem::path& path, mode_t mode);

  int folder_ = -1;
  std::string name_;
  int listener_ = -1;
  dev_t device_ = 0;  // with inode_: the file that claim() made
  ino_t inode_ = 0;
};

}  // namespace ekiden::daemon::control
