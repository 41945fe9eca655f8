#include "daemon/config/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ekiden::daemon {
namespace {

class OpenFile {
 public:
  // Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it.
  explicit OpenFile(const std::filesystem::path& path) noexcept
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

std::string system_error_text(int error) { return std::generic_category().message(error); }

std::string cannot_open(int error) {
  switch (error) {
    case ENOENT:
      return "there is no such file; check the path";
    case EACCES:
      return "not allowed to read it; check the permissions of the file and its folders";
    default:
      return "cannot be opened: " + system_error_text(error);
  }
}

std::optional<std::string> check_type(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return "cannot be examined: " + system_error_text(errno);
  if (S_ISDIR(status.st_mode)) return "is a directory; give the configuration file itself";
  if (!S_ISREG(status.st_mode)) return "is not a regular file; give one";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max,
                                     std::string& content) {
  const OpenFile file(path);
  if (file.descriptor() < 0) return cannot_open(errno);
  if (auto wrong_type = check_type(file.descriptor())) return wrong_type;

  // One byte of room beyond the limit shows that the file is longer, even one that grows meanwhile.
  content.resize(bytes_max + 1);
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = read(file.descriptor(), content.data() + filled, content.size() - filled);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return "cannot be read: " + system_error_text(errno);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  if (filled > bytes_max) {
    return "is larger than " + std::to_string(bytes_max) + " bytes, the most that is read";
  }
  content.resize(filled);
  return std::nullopt;
}

}  // namespace ekiden::daemon
