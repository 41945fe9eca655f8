// A file of the daemon's own that is removed when its last holder lets go of it: the copy that a
// generation was loaded from, which an upgrade keeps until the next generation runs.
//
// What is mapped keeps its inode alive without a name. Any thread.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace ekiden::daemon {

class CopyFile {
 public:
  // `shown` is the file that it is a copy of, for messages.
  CopyFile(std::filesystem::path path, std::filesystem::path shown)
      : path_(std::move(path)), shown_(std::move(shown)) {}
  ~CopyFile() { ::unlink(path_.c_str()); }
  CopyFile(const CopyFile&) = delete;
  CopyFile& operator=(const CopyFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& shown() const { return shown_; }

 private:
  const std::filesystem::path path_;
  const std::filesystem::path shown_;
};

}  // namespace ekiden::daemon
