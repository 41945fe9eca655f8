// Reading and writing: the system call first, the wait only after EAGAIN.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "runtime/reactor/reactor.hpp"

namespace ekiden::runtime {

namespace {

// Keeps SIGPIPE away from this thread. For pipes, which have no MSG_NOSIGNAL.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    // One that is pending already is somebody else's, and blocked: ours would merge with it.
    active_ = sigismember(&pending, SIGPIPE) == 0;
    if (active_) pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    if (!active_) return;
    const int saved_errno = errno;
    if (raised_) {
      const timespec at_once{};
      while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = saved_errno;
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

  void note_broken_pipe() { raised_ = true; }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool active_ = false;
  bool raised_ = false;
};

ssize_t write_to_pipe(int fd, const void* data, std::size_t size) {
  NoSigpipe guard;
  const ssize_t written = ::write(fd, data, size);
  if (written < 0 && errno == EPIPE) guard.note_broken_pipe();
  return written;
}

ssize_t write_once(int fd, SourceKind kind, const void* data, std::size_t size) {
  switch (kind) {
    case SourceKind::kStreamSocket:
    case SourceKind::kOtherSocket:
      return ::send(fd, data, size, MSG_NOSIGNAL);
    case SourceKind::kPipe:
      return write_to_pipe(fd, data, size);
    case SourceKind::kOther:
      break;
  }
  return ::write(fd, data, size);
}

ssize_t read_once(int fd, SourceKind kind, void* data, std::size_t size) {
  const bool is_socket = kind == SourceKind::kStreamSocket || kind == SourceKind::kOtherSocket;
  return is_socket ? ::recv(fd, data, size, 0) : ::read(fd, data, size);
}

template <class Call>
ssize_t retry_interrupted(Call&& call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

bool is_stream(SourceKind kind) {
  return kind == SourceKind::kStreamSocket || kind == SourceKind::kPipe;
}

Attempt judge_error(int& os_error) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Attempt::kWouldBlock;
  os_error = errno;
  return errno == EPIPE || errno == ECONNRESET ? Attempt::kBroken : Attempt::kFailed;
}

}  // namespace

Status Reactor::read(OwnerId owner, Handle handle, Waker waker, void* data, std::size_t size,
                     std::size_t& count, int& os_error, TryGate* gate) {
  if (size == 0) return Status::kInvalid;  // its answer could not be told from the end
  const auto once = [&](int fd, SourceKind kind) {
    const ssize_t got = retry_interrupted([&] { return read_once(fd, kind, data, size); });
    if (got < 0) return judge_error(os_error);
    count = static_cast<std::size_t>(got);
    if (!is_stream(kind)) return Attempt::kDone;
    if (got == 0) return Attempt::kEnded;
    return count < size ? Attempt::kDrained : Attempt::kDone;
  };
  return attempt(owner, handle, Interest::kRead, waker, once, gate);
}

Status Reactor::write(OwnerId owner, Handle handle, Waker waker, const void* data, std::size_t size,
                      std::size_t& count, int& os_error, TryGate* gate) {
  const auto once = [&](int fd, SourceKind kind) {
    const ssize_t put = retry_interrupted([&] { return write_once(fd, kind, data, size); });
    if (put < 0) return judge_error(os_error);
    count = static_cast<std::size_t>(put);
    return is_stream(kind) && count < size ? Attempt::kDrained : Attempt::kDone;
  };
  return attempt(owner, handle, Interest::kWrite, waker, once, gate);
}

}  // namespace ekiden::runtime
