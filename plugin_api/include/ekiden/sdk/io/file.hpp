// Files, on the blocking pool: the kernel cannot wait for them as it does for sockets.
//
//   File file = co_await File::open(path, O_WRONLY | O_CREAT | O_TRUNC);
//   co_await file.write_at(0, bytes);
//   Bytes settings = co_await read_file(path, 1 << 20);
//
// Each operation is one job of the pool, which owns what it works on: the path, the bytes, and a
// hold on the descriptor. So all of them are cancellation-safe in that nothing dangles; but one
// that runs already goes on to its end, and a write may have happened. Errors: those of blocking(),
// and EKD_E_OS, whose text begins with what was tried and the path.
#pragma once

#include <ekiden/sdk/blocking.hpp>
#include <ekiden/sdk/io/bytes.hpp>
#include <ekiden/sdk/io/handle.hpp>

#include <atomic>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

EKIDEN_SDK_BEGIN

namespace detail {

// An open file; closed when the last one that works with it lets go. All of it blocks.
class OpenFile {
 public:
  OpenFile(std::string path, int flags, mode_t mode) : path_(std::move(path)) {
    const int fd = ::open(path_.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) fail("open");
    fd_.store(fd, std::memory_order_relaxed);  // relaxed: nobody else has it yet
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (const int fd = take_fd(); fd >= 0) ::close(fd);
  }

  // Fewer bytes than asked for: the file ends there.
  Bytes read_at(std::uint64_t offset, std::size_t size) const {
    Bytes bytes(size);
    std::size_t count = 0;
    while (count < size) {
      const ssize_t got = retried("read", [&] {
        return ::pread(fd(), bytes.data() + count, size - count, position(offset + count));
      });
      if (got == 0) break;
      count += static_cast<std::size_t>(got);
    }
    bytes.resize(count);
    return bytes;
  }
  void write_at(std::uint64_t offset, const Bytes& bytes) const {
    for (std::size_t count = 0; count < bytes.size();) {
      count += static_cast<std::size_t>(retried("write", [&] {
        return ::pwrite(fd(), bytes.data() + count, bytes.size() - count, position(offset + count));
      }));
    }
  }
  Bytes read_all(std::size_t limit) const {
    // The size is a first guess: of what is in /proc it says 0, and a file may grow.
    const std::uint64_t expected = std::min<std::uint64_t>(size(), limit);
    Bytes all = read_at(0, static_cast<std::size_t>(expected));
    while (all.size() <= limit) {
      constexpr std::size_t kStepBytes = 65536;
      // One more than the limit, to see whether it ends there.
      const std::size_t room = std::min(kStepBytes, limit - all.size()) + 1;
      const Bytes more = read_at(all.size(), room);
      all.insert(all.end(), more.begin(), more.end());
      if (more.size() < room) break;
    }
    if (all.size() > limit)
      throw Error(EKD_E_TOO_BIG,
                  "read " + path_ + ": it is longer than " + std::to_string(limit) + " bytes");
    return all;
  }
  std::uint64_t size() const {
    struct stat status {};
    retried("stat", [&] { return ::fstat(fd(), &status); });
    return static_cast<std::uint64_t>(status.st_size);
  }
  void resize(std::uint64_t size) const {
    retried("truncate", [&] { return ::ftruncate(fd(), position(size)); });
  }
  void sync() const {
    retried("sync", [&] { return ::fsync(fd()); });
  }
  // Never again: the number is gone even where close says EINTR.
  void close() {
    if (const int fd = take_fd(); fd >= 0 && ::close(fd) != 0 && errno != EINTR) fail("close");
  }

 private:
  // relaxed: who shares the file got it through something that orders.
  int fd() const { return fd_.load(std::memory_order_relaxed); }
  int take_fd() { return fd_.exchange(-1, std::memory_order_relaxed); }
  static off_t position(std::uint64_t offset) { return static_cast<off_t>(offset); }

  [[noreturn]] void fail(const char* tried) const {
    const int os_errno = errno;
    throw os_error(std::string(tried) + " " + path_, os_errno);
  }
  template <class Call>
  ssize_t retried(const char* tried, Call call) const {
    for (;;) {
      const ssize_t result = call();
      if (result >= 0) return result;
      if (errno != EINTR) fail(tried);
    }
  }

  const std::string path_;
  std::atomic<int> fd_{-1};
};

}  // namespace detail

// Move-only. Destroying it closes the file, on the thread that is the last to let go of it; close()
// tells of errors, and does not block a worker.
class File {
  // Deduced, so ahead of those who use it.
  void need() const {
    if (file_ == nullptr) throw Error(EKD_E_WRONG_STATE, "the file is not open");
  }
  template <class Use>
  auto on_pool(Use use) const {
    need();
    return blocking([file = file_, use = std::move(use)] { return use(*file); });
  }

 public:
  File() noexcept = default;
  File(File&&) noexcept = default;
  File& operator=(File&&) noexcept = default;

  // co_await: flags and mode as of open(2).
  static auto open(std::string path, int flags = O_RDONLY, mode_t mode = 0644) {
    return blocking([path = std::move(path), flags, mode] {
      return File(std::make_shared<detail::OpenFile>(path, flags, mode));
    });
  }

  explicit operator bool() const noexcept { return file_ != nullptr; }

  // co_await: Bytes, of which there are fewer where the file ends.
  auto read_at(std::uint64_t offset, std::size_t size) const {
    return on_pool([offset, size](detail::OpenFile& file) { return file.read_at(offset, size); });
  }
  // co_await: all of the file from its beginning. EKD_E_TOO_BIG where it is longer than `limit`.
  auto read_all(std::size_t limit) const {
    return on_pool([limit](detail::OpenFile& file) { return file.read_all(limit); });
  }
  // co_await: all bytes are written. The second form copies them.
  auto write_at(std::uint64_t offset, Bytes bytes) const {
    return on_pool([offset, bytes = std::move(bytes)](detail::OpenFile& file) {
      file.write_at(offset, bytes);
    });
  }
  auto write_at(std::uint64_t offset, std::span<const std::byte> bytes) const {
    return write_at(offset, Bytes(bytes.begin(), bytes.end()));
  }
  // co_await: the file holds these bytes and nothing else.
  auto write_all(Bytes bytes) const {
    return on_pool([bytes = std::move(bytes)](detail::OpenFile& file) {
      file.resize(0);
      file.write_at(0, bytes);
    });
  }
  // co_await: its size in bytes.
  auto size() const {
    return on_pool([](detail::OpenFile& file) { return file.size(); });
  }
  // co_await: what was written is on the device (fsync).
  auto sync() const {
    return on_pool([](detail::OpenFile& file) { file.sync(); });
  }
  // co_await: closed; the File is empty from this call on. An operation that was cancelled and
  // still runs on the pool closes it at its end.
  auto close() {
    need();
    return blocking([file = std::move(file_)] {
      if (file.use_count() == 1) file->close();
    });
  }

 private:
  explicit File(std::shared_ptr<detail::OpenFile> file) : file_(std::move(file)) {}

  std::shared_ptr<detail::OpenFile> file_;
};

// co_await: the whole of a file. EKD_E_TOO_BIG where it is longer than `limit`.
inline auto read_file(std::string path, std::size_t limit) {
  return blocking([path = std::move(path), limit] {
    return detail::OpenFile(path, O_RDONLY, 0).read_all(limit);
  });
}

// co_await: the file is there with these bytes and nothing else. Not atomic: who reads it meanwhile
// may see a part. The second form copies the bytes.
inline auto write_file(std::string path, Bytes bytes, mode_t mode = 0644) {
  return blocking([path = std::move(path), bytes = std::move(bytes), mode] {
    detail::OpenFile file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    file.write_at(0, bytes);
    file.close();
  });
}
inline auto write_file(std::string path, std::span<const std::byte> bytes, mode_t mode = 0644) {
  return write_file(std::move(path), Bytes(bytes.begin(), bytes.end()), mode);
}

EKIDEN_SDK_END
