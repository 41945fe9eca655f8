#include "daemon/plugins/plugin_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include "daemon/config/plugin_name.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/sha256.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartialSuffix = ".partial";
constexpr std::string_view kSuffix = ".so";
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::size_t kHashDigits = 64;

std::string because(int error) { return std::generic_category().message(error); }

Refusal cannot_write(const fs::path& path, int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return {denied ? Outcome::kDenied : Outcome::kFailed,
          "the daemon's copy '" + path.string() + "' cannot be written (" + because(error) +
              "); the state directory must be the daemon's own and have room"};
}

// Removes a half-made file unless it was finished.
class Partial {
 public:
  explicit Partial(fs::path path) : path_(std::move(path)) {}
  ~Partial() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  const fs::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

// Copies from `in` to `out` and answers with the hash. The source's owner may still write to it;
// the copy is what gets checked, so it need only be some content of bounded size.
OrRefusal<std::string> copy_bytes(const CheckedFile& in, int out, const fs::path& out_path) {
  const auto buffer = std::make_unique<std::array<std::byte, kChunkBytes>>();
  Sha256 hash;
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t n =
        ::pread(in.fd.get(), buffer->data(), buffer->size(), static_cast<off_t>(total));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return Refusal{Outcome::kFailed,
                     "'" + in.path.string() + "' cannot be read: " + because(errno)};
    }
    if (n == 0) return hash.finish();
    total += static_cast<std::uint64_t>(n);
    if (total > plugin_limits::kFileMaxBytes) {
      return Refusal{Outcome::kFailed, "'" + in.path.string() +
                                           "' grows while it is read; load it again when whoever "
                                           "writes it is done"};
    }
    const std::span<const std::byte> chunk(buffer->data(), static_cast<std::size_t>(n));
    hash.update(chunk);
    if (!write_all(out, chunk)) return cannot_write(out_path, errno);
  }
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

// <name>-<sha256>-<generation>, or such a thing half made.
bool is_copy_name(std::string_view file) {
  if (file.ends_with(kPartialSuffix)) {
    file.remove_suffix(kPartialSuffix.size());
    const auto dash = file.rfind('-');
    return dash != std::string_view::npos && is_plugin_name(file.substr(0, dash)) &&
           all_of(file.substr(dash + 1), "0123456789");
  }
  if (!file.ends_with(kSuffix)) return false;
  file.remove_suffix(kSuffix.size());
  const auto second = file.rfind('-');
  if (second == std::string_view::npos || second == 0) return false;
  const auto first = file.rfind('-', second - 1);
  if (first == std::string_view::npos) return false;
  const auto hash = file.substr(first + 1, second - first - 1);
  return is_plugin_name(file.substr(0, first)) && hash.size() == kHashDigits &&
         all_of(hash, "0123456789abcdef") && all_of(file.substr(second + 1), "0123456789");
}

}  // namespace

OrRefusal<PluginCopy> copy_plugin(const CheckedFile& source, const fs::path& copies,
                                  std::string_view name, std::uint32_t generation) {
  const std::string number = std::to_string(generation);
  Partial partial(copies / (std::string(name) + "-" + number + std::string(kPartialSuffix)));
  const fs::path partial_path = partial.path();
  // A leftover of that name is in nobody's use: generations are not used twice.
  ::unlink(partial_path.c_str());
  UniqueFd out(
      ::open(partial_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500));
  if (!out) return cannot_write(partial_path, errno);
  auto hash = copy_bytes(source, out.get(), partial_path);
  if (!hash) return hash.refusal();
  out.reset();

  PluginCopy copy;
  copy.sha256 = *hash;
  copy.path =
      copies / (std::string(name) + "-" + copy.sha256 + "-" + number + std::string(kSuffix));
  if (::rename(partial_path.c_str(), copy.path.c_str()) != 0) {
    return cannot_write(copy.path, errno);
  }
  partial.keep();
  copy.fd = UniqueFd(::open(copy.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!copy.fd) {
    const int error = errno;
    ::unlink(copy.path.c_str());
    return cannot_write(copy.path, error);
  }
  return copy;
}

std::string prepare_copies(const fs::path& copies) {
  const std::string shown = "the folder '" + copies.string() + "' for copies of plugins ";
  if (::mkdir(copies.c_str(), 0700) != 0 && errno != EEXIST) {
    return shown + "cannot be made: " + because(errno);
  }
  const UniqueFd fd(::open(copies.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return shown + "cannot be opened: " + because(errno);
  }
  if (status.st_uid != ::geteuid()) {
    return shown + "belongs to user " + std::to_string(status.st_uid) +
           "; it must belong to the daemon's user " + std::to_string(::geteuid()) +
           ": change it with chown";
  }
  // It may be older than a change of the rules; whoever owns it may repair it.
  if (::fchmod(fd.get(), 0700) != 0) return shown + "cannot be closed to others: " + because(errno);
  return {};
}

std::size_t remove_stale_copies(const fs::path& copies) {
  std::size_t removed = 0;
  std::error_code error;
  for (fs::directory_iterator entry(copies, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (!is_copy_name(entry->path().filename().native())) continue;
    if (::unlink(entry->path().c_str()) == 0) removed++;
  }
  return removed;
}

}  // namespace ekiden::daemon
