// The waits of reading and writing on a descriptor of the host's, and the members of whatever has
// one: ReadsIo and WritesIo. One call of the host a read or write, and nothing is allocated.
#pragma once

#include <ekiden/sdk/io/bytes.hpp>
#include <ekiden/sdk/io/handle.hpp>

#include <algorithm>
#include <array>

#include <sys/socket.h>
#include <sys/uio.h>

EKIDEN_SDK_BEGIN

namespace detail {

class ReadWait final : public Wait {
 public:
  ReadWait(ekd_io io, std::span<std::byte> into) : io_(io), into_(into) {}
  ReadWait(ReadWait&&) = default;

  bool poll() noexcept override {
    if (into_.empty()) return true;
    return answer_.ask([this](ekd_error* error) {
      return bound.io->read(bound.ctx, io_, waker(), into_.data(), into_.size(), &count_, error);
    });
  }
  std::size_t result() const {
    answer_.check("read");
    return static_cast<std::size_t>(count_);
  }

 private:
  const ekd_io io_;
  const std::span<std::byte> into_;
  IoAnswer answer_;
  std::uint64_t count_ = 0;
};

class WriteWait final : public Wait {
 public:
  WriteWait(ekd_io io, std::span<const std::byte> from) : io_(io), from_(from) {}
  WriteWait(WriteWait&&) = default;

  bool poll() noexcept override {
    if (from_.empty()) return true;
    return answer_.ask([this](ekd_error* error) {
      return bound.io->write(bound.ctx, io_, waker(), from_.data(), from_.size(), &count_, error);
    });
  }
  std::size_t result() const {
    answer_.check("write");
    return static_cast<std::size_t>(count_);
  }

 private:
  const ekd_io io_;
  const std::span<const std::byte> from_;
  IoAnswer answer_;
  std::uint64_t count_ = 0;
};

[[noreturn]] inline void throw_early_end(std::size_t got, std::size_t wanted) {
  throw Closed("the stream ended after " + std::to_string(got) + " of " + std::to_string(wanted) +
               " bytes");
}

class ReadExactWait final : public Wait {
 public:
  ReadExactWait(ekd_io io, std::span<std::byte> into, std::size_t* done)
      : io_(io), into_(into), done_(done) {}
  ReadExactWait(ReadExactWait&&) = default;

  bool poll() noexcept override {
    while (count_ < into_.size()) {
      std::uint64_t got = 0;
      const auto rest = into_.subspan(count_);
      const bool known = answer_.ask([&](ekd_error* error) {
        return bound.io->read(bound.ctx, io_, waker(), rest.data(), rest.size(), &got, error);
      });
      if (!known) return false;
      if (!answer_.ok() || got == 0) return true;
      count_ += static_cast<std::size_t>(got);
      if (done_ != nullptr) *done_ = count_;
    }
    return true;
  }
  void result() const {
    answer_.check("read");
    if (count_ < into_.size()) throw_early_end(count_, into_.size());
  }

 private:
  const ekd_io io_;
  const std::span<std::byte> into_;
  std::size_t* const done_;
  IoAnswer answer_;
  std::size_t count_ = 0;
};

class WriteAllWait final : public Wait {
 public:
  WriteAllWait(ekd_io io, std::span<const std::byte> from, std::size_t* done)
      : io_(io), from_(from), done_(done) {}
  WriteAllWait(WriteAllWait&&) = default;

  bool poll() noexcept override {
    while (count_ < from_.size()) {
      std::uint64_t put = 0;
      const auto rest = from_.subspan(count_);
      const bool known = answer_.ask([&](ekd_error* error) {
        return bound.io->write(bound.ctx, io_, waker(), rest.data(), rest.size(), &put, error);
      });
      if (!known) return false;
      if (!answer_.ok()) return true;
      count_ += static_cast<std::size_t>(put);
      if (done_ != nullptr) *done_ = count_;
    }
    return true;
  }
  void result() const { answer_.check("write"); }

 private:
  const ekd_io io_;
  const std::span<const std::byte> from_;
  std::size_t* const done_;
  IoAnswer answer_;
  std::size_t count_ = 0;
};

// Several buffers with one system call; on what is no socket, the first that is not empty.
struct GatherCall {
  static constexpr const char* kName = "write";
  static constexpr std::size_t kSlicesMax = 16;  // in one call
  ekd_io io;
  int fd;
  Slices from;

  ssize_t operator()() noexcept {
    std::array<iovec, kSlicesMax> parts;
    std::size_t count = 0;
    for (const auto& slice : from) {
      if (count == parts.size()) break;
      if (!slice.empty()) parts[count++] = {const_cast<std::byte*>(slice.data()), slice.size()};
    }
    if (count == 0) return 0;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t put = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    return put >= 0 || errno != ENOTSOCK ? put : write_one(parts[0]);
  }
  std::size_t value(std::size_t count) const { return count; }

 private:
  // The host's write keeps SIGPIPE away from the process.
  ssize_t write_one(const iovec& part) const noexcept {
    std::uint64_t put = 0;
    ekd_error error = ekd_error_init();
    const std::int32_t code =
        bound.io->write(bound.ctx, io, 0, part.iov_base, part.iov_len, &put, &error);
    if (code == EKD_READY) return static_cast<ssize_t>(put);
    errno = code == EKD_PENDING ? EAGAIN : code == EKD_E_OS ? error.os_errno : EBADF;
    return -1;
  }
};

}  // namespace detail

// Reading, for a class with `const IoHandle& io() const`. One task reads at a time: a direction has
// one waiter, and the newest replaces the one before, which then sleeps for ever. Another may write
// meanwhile. Errors of all: EKD_E_OS (ECONNRESET and so on).
template <class Self>
class ReadsIo {
 public:
  // co_await: how many bytes were read, at least 1; 0 at the end of the stream (or where `into` is
  // empty). Cancellation-safe: then nothing was read.
  detail::ReadWait read(std::span<std::byte> into) const { return {handle(), into}; }

  // co_await: fills `into`. Throws Closed where the stream ends before. NOT cancellation-safe: what
  // was read is gone with the frame, unless `done` tells how much it was.
  detail::ReadExactWait read_exact(std::span<std::byte> into, std::size_t* done = nullptr) const {
    if (done != nullptr) *done = 0;
    return {handle(), into, done};
  }

 protected:
  ~ReadsIo() = default;

 private:
  ekd_io handle() const { return static_cast<const Self*>(this)->io().get(); }
};

// Writing, the same way. Errors of all: EKD_E_OS (EPIPE, ECONNRESET); never SIGPIPE.
template <class Self>
class WritesIo {
 public:
  // co_await: how many bytes were taken, at least 1 (0 where there are none to write).
  // Cancellation-safe: then nothing was written.
  detail::WriteWait write(std::span<const std::byte> from) const { return {handle(), from}; }

  // co_await: writes all of it. NOT cancellation-safe: `done` tells how much went out, and only who
  // asked for that can go on.
  detail::WriteAllWait write_all(std::span<const std::byte> from,
                                 std::size_t* done = nullptr) const {
    if (done != nullptr) *done = 0;
    return {handle(), from, done};
  }

  // co_await: how many bytes of the slices, in order, were taken; with one system call on sockets.
  // Cancellation-safe: then nothing was written.
  auto write_vectored(Slices from) const {
    const IoHandle& io = static_cast<const Self*>(this)->io();
    using Call = detail::GatherCall;
    return detail::ReadyWait<Call>(io.get(), EKD_IO_WRITABLE, Call{io.get(), io.fd(), from});
  }

 protected:
  ~WritesIo() = default;

 private:
  ekd_io handle() const { return static_cast<const Self*>(this)->io().get(); }
};

EKIDEN_SDK_END
