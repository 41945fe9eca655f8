// UnixListener and UnixStream: stream sockets with a path. A path that begins with '@' is a name in
// Linux's abstract space, and no file.
#pragma once

#include <ekiden/sdk/detail/backoff.hpp>
#include <ekiden/sdk/io/fd_stream.hpp>
#include <ekiden/sdk/io/socket.hpp>

EKIDEN_SDK_BEGIN

class UnixStream;

namespace detail {

struct UnixAddress {
  // Throws Error (EKD_E_INVALID): empty, or over 107 bytes.
  explicit UnixAddress(std::string_view path) {
    if (path.empty() || path.size() >= sizeof(at.sun_path) ||
        path.find('\0') != std::string_view::npos) {
      throw Error(EKD_E_INVALID, "'" + std::string(path.substr(0, 128)) +
                                     "' is no path of a socket; expected 1 to 107 bytes");
    }
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    const bool abstract = path.front() == '@';
    if (abstract) at.sun_path[0] = '\0';
    // With its final zero, which abstract names do not have.
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + !abstract);
  }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&at); }

  sockaddr_un at{};
  socklen_t size = 0;
};

// The kernel keeps no half-made connections here: it is there at once, or the backlog is full, and
// then nobody tells when that changes.
class UnixConnectWait final : public Wait {
 public:
  explicit UnixConnectWait(std::string path) : path_(std::move(path)), to_(path_) {}
  UnixConnectWait(UnixConnectWait&&) = default;

  bool begin() noexcept override { return spend() && poll(); }
  bool poll() noexcept override {
    if (!backoff_.may_try(waker())) return false;
    if (fd_.get() < 0) fd_ = OwnFd(open_socket(AF_UNIX, SOCK_STREAM));
    if (fd_.get() >= 0 && ::connect(fd_.get(), to_.data(), to_.size) == 0) return true;
    os_errno_ = errno;
    if (os_errno_ != EAGAIN && os_errno_ != EINTR) return true;
    os_errno_ = 0;
    backoff_.rest(core());
    return false;
  }
  inline UnixStream result();

 private:
  std::string path_;
  UnixAddress to_;
  OwnFd fd_;
  int os_errno_ = 0;
  Backoff backoff_;
};

}  // namespace detail

class UnixStream : public FdStream {
 public:
  UnixStream() noexcept = default;
  explicit UnixStream(IoHandle io) noexcept : FdStream(std::move(io)) {}

  // co_await: a connection; waits where the listener's backlog is full. Throws Error: EKD_E_INVALID
  // (the path; from this call), EKD_E_OS (ENOENT, ECONNREFUSED: nobody listens). Cancellation-safe.
  static detail::UnixConnectWait connect(std::string path) {
    return detail::UnixConnectWait(std::move(path));
  }
  // [any] Two that are connected to each other. Throws Error (EKD_E_OS).
  static std::pair<UnixStream, UnixStream> make_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
      throw detail::os_error("socketpair", errno);
    detail::OwnFd second(fds[1]);
    UnixStream first(IoHandle::adopt(fds[0]));
    return {std::move(first), UnixStream(second.adopt())};
  }
};

inline UnixStream detail::UnixConnectWait::result() {
  if (os_errno_ != 0) throw os_error("connect to " + path_, os_errno_);
  return UnixStream(fd_.adopt());
}

class UnixListener {
 public:
  UnixListener() noexcept = default;

  // [any] Binds and listens. The file is the caller's to remove: before, where one may be left from
  // an earlier run (else EADDRINUSE), and after. backlog: 0 for 1024. Throws Error: EKD_E_INVALID,
  // EKD_E_OS, EKD_E_DRAINING.
  static UnixListener bind(std::string_view path, int backlog = 0) {
    const detail::UnixAddress at(path);
    detail::NewSocket socket(AF_UNIX, SOCK_STREAM, "listen on " + std::string(path));
    socket.check(::bind(socket.get(), at.data(), at.size));
    socket.check(::listen(socket.get(), backlog != 0 ? backlog : 1024));
    UnixListener listener;
    listener.io_ = socket.adopt();
    return listener;
  }

  // co_await: as of TcpListener::accept.
  detail::AcceptWait<UnixStream> accept() const {
    return detail::AcceptWait<UnixStream>(io_.get());
  }

  explicit operator bool() const noexcept { return static_cast<bool>(io_); }
  const IoHandle& io() const noexcept { return io_; }
  void close() noexcept { io_.close(); }

 private:
  IoHandle io_;
};

EKIDEN_SDK_END
