// IoHandle: a descriptor that the host watches and owns, and what the waits of all I/O stand on.
#pragma once

#include <ekiden/sdk/task.hpp>

#include <cerrno>
#include <concepts>
#include <string>
#include <system_error>
#include <utility>

#include <sys/types.h>
#include <unistd.h>

EKIDEN_SDK_BEGIN

namespace detail {

inline Error os_error(std::string_view tried, int os_errno) {
  return Error(EKD_E_OS, std::string(tried) + ": " + std::generic_category().message(os_errno),
               os_errno);
}

// What a call of the I/O service answered; texts are made when somebody wants them.
class IoAnswer {
 public:
  // False: it is pending.
  template <class Call>
  bool ask(Call call) noexcept {
    ekd_error error = ekd_error_init();
    code_ = call(&error);
    if (code_ < 0) os_errno_ = error.os_errno;
    return code_ != EKD_PENDING;
  }
  void fail(std::int32_t code, int os_errno = 0) noexcept {
    code_ = code;
    os_errno_ = os_errno;
  }
  void succeed() noexcept { code_ = EKD_READY; }

  bool ok() const noexcept { return code_ == EKD_READY; }
  int os_errno() const noexcept { return os_errno_; }
  void check(std::string_view tried) const {
    if (code_ >= 0) return;
    if (code_ == EKD_E_OS) throw os_error(tried, os_errno_);
    throw Error(code_, std::string(tried) + ": " + code_name(code_), os_errno_);
  }

 private:
  std::int32_t code_ = EKD_PENDING;
  std::int32_t os_errno_ = 0;
};

// A system call on a descriptor that is ready. `Call`: `ssize_t operator()() noexcept`, -1 with
// errno; `auto value(std::size_t)` makes the result; `static constexpr const char* kName`.
template <class Call>
class ReadyWait final : public Wait {
 public:
  ReadyWait(ekd_io io, std::uint32_t interest, Call call)
      : io_(io), interest_(interest), call_(std::move(call)) {}
  ReadyWait(ReadyWait&&) = default;

  bool poll() noexcept override {
    for (;;) {
      std::uint64_t seen = 0;
      const bool known = answer_.ask([&](ekd_error*) {
        return bound.io->ready_poll(bound.ctx, io_, interest_, waker(), &seen);
      });
      if (!known) return false;
      if (!answer_.ok() || attempt()) return true;
      bound.io->clear_ready(bound.ctx, io_, interest_, seen);
    }
  }
  auto result() {
    answer_.check(Call::kName);
    return call_.value(count_);
  }

 private:
  // False: it would block.
  bool attempt() noexcept {
    for (;;) {
      const ssize_t count = call_();
      if (count >= 0) {
        count_ = static_cast<std::size_t>(count);
        return true;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (errno == EINTR) continue;
      answer_.fail(EKD_E_OS, errno);
      return true;
    }
  }

  const ekd_io io_;
  const std::uint32_t interest_;
  Call call_;
  IoAnswer answer_;
  std::size_t count_ = 0;
};

// A callable of the plugin's own.
template <class F>
struct ReadyCall {
  static constexpr const char* kName = "a call on a ready descriptor";
  F call;

  ssize_t operator()() noexcept { return call(); }
  std::size_t value(std::size_t count) const { return count; }
};

}  // namespace detail

// Move-only: closes the descriptor when it goes, and whoever waits on it is woken and gets an Error
// (EKD_E_STALE). An empty one names nothing.
class IoHandle {
 public:
  IoHandle() noexcept = default;
  // Owns `io` from now on.
  explicit IoHandle(ekd_io io) noexcept : io_(io) {}
  IoHandle(IoHandle&& other) noexcept : io_(std::exchange(other.io_, 0)) {}
  IoHandle& operator=(IoHandle&& other) noexcept {
    if (this == &other) return *this;
    close();
    io_ = std::exchange(other.io_, 0);
    return *this;
  }
  ~IoHandle() { close(); }

  // [any] Takes over an open descriptor: a socket, a pipe, a terminal, an eventfd. It is made
  // non-blocking, and closed on an error too. Throws Error: EKD_E_OS (EPERM: the kernel cannot
  // watch regular files; use File), EKD_E_DRAINING.
  static IoHandle adopt(int fd) {
    ekd_io io = 0;
    ekd_error error = ekd_error_init();
    const std::int32_t code = detail::bound.io->adopt(detail::bound.ctx, fd, &io, &error);
    if (code == EKD_OK) return IoHandle(io);
    ::close(fd);
    throw Error("adopt", code, error);
  }

  explicit operator bool() const noexcept { return io_ != 0; }
  ekd_io get() const noexcept { return io_; }
  // [any] The caller closes it.
  ekd_io release() noexcept { return std::exchange(io_, 0); }
  // [any] The number, borrowed, for setsockopt and the like; -1: there is none any more.
  int fd() const noexcept {
    std::int32_t number = -1;
    return detail::bound.io->fd(detail::bound.ctx, io_, &number) == EKD_OK ? number : -1;
  }
  void close() noexcept {
    if (io_ != 0) detail::bound.io->close(detail::bound.ctx, std::exchange(io_, 0));
  }

  // co_await: what `call` returned (a count, as of read(2)); it makes one non-blocking system call
  // on the descriptor, and answers -1 with errno. It is called when one of `interest` (EKD_IO_…)
  // may be ready, and again after EAGAIN. A direction has one waiter. Throws Error (EKD_E_OS).
  // Cancellation-safe.
  template <class F>
  requires std::is_invocable_r_v<ssize_t, F&>
  auto when_ready(std::uint32_t interest, F call) const {
    using Call = detail::ReadyCall<F>;
    return detail::ReadyWait<Call>(io_, interest, Call{std::move(call)});
  }

 private:
  ekd_io io_ = 0;
};

EKIDEN_SDK_END
