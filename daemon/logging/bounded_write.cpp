#include "daemon/logging/bounded_write.hpp"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

namespace ekiden::daemon::log {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A write to a pipe without a reader raises SIGPIPE in the writing thread. A library function must
// not change the process's disposition, so the signal is held back here and taken if it came.
class SigpipeBlock {
 public:
  SigpipeBlock() noexcept {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }

  ~SigpipeBlock() {
    const timespec no_wait{0, 0};
    if (!was_pending_) {
      while (sigtimedwait(&sigpipe_, nullptr, &no_wait) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t sigpipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

class Deadline {
 public:
  explicit Deadline(std::optional<std::uint32_t> timeout_ms) noexcept {
    if (timeout_ms) at_ = SteadyClock::now() + std::chrono::milliseconds(*timeout_ms);
  }

  // As poll() wants it: -1 for no limit.
  int left_ms() const noexcept {
    if (!at_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at_ - SteadyClock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }

 private:
  std::optional<SteadyClock::time_point> at_;
};

// kWritten: the descriptor takes more, or a write will say what is wrong with it.
WriteEnd wait_writable(int descriptor, int stop_descriptor, const Deadline& deadline) noexcept {
  for (;;) {
    std::array<pollfd, 2> waits{{{descriptor, POLLOUT, 0}, {stop_descriptor, POLLIN, 0}}};
    const int ready = poll(waits.data(), waits.size(), deadline.left_ms());
    if (ready == 0) return WriteEnd::kTimedOut;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return WriteEnd::kFailed;
    if (waits[0].revents != 0) return WriteEnd::kWritten;
    return WriteEnd::kStopped;
  }
}

ssize_t write_some(int descriptor, std::string_view text) noexcept {
  const ssize_t sent = send(descriptor, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

constexpr bool is_temporary(int error) noexcept {
  return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

WriteEnd write_bounded(int descriptor, std::string_view text, const WriteBound& bound) noexcept {
  const SigpipeBlock no_signal;
  const Deadline deadline(bound.timeout_ms);
  while (!text.empty()) {
    const WriteEnd wait = wait_writable(descriptor, bound.stop_descriptor, deadline);
    if (wait != WriteEnd::kWritten) return wait;
    const ssize_t written = write_some(descriptor, text);
    if (written < 0 && !is_temporary(errno)) return WriteEnd::kFailed;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return WriteEnd::kWritten;
}

}  // namespace ekiden::daemon::log
