// A folder of our own in the system's one for temporary files; gone with its holder.
#pragma once

#include <filesystem>

namespace ekiden::testing {

class PrivateFolder {
 public:
  PrivateFolder();  // throws Error
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ekiden::testing
