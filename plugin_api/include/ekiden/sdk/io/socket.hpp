// Sockets that are opened here and then given to the host.
#pragma once

#include <ekiden/sdk/io/address.hpp>
#include <ekiden/sdk/io/handle.hpp>
#include <ekiden/sdk/time.hpp>

#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

EKIDEN_SDK_BEGIN

namespace detail {

// Closes the descriptor unless the host takes it over.
class OwnFd {
 public:
  explicit OwnFd(int fd = -1) : fd_(fd) {}
  OwnFd(OwnFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnFd& operator=(OwnFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  IoHandle adopt() { return IoHandle::adopt(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

inline int open_socket(int family, int type) noexcept {
  return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// For what is set up at once. `tried`: what errors begin with.
class NewSocket {
 public:
  NewSocket(int family, int type, std::string_view tried)
      : tried_(tried), fd_(open_socket(family, type)) {
    check(fd_.get());
  }

  int get() const { return fd_.get(); }
  IoHandle adopt() { return fd_.adopt(); }
  // `result`: of a system call.
  void check(int result) const {
    if (result < 0) throw os_error(tried_, errno);
  }

 private:
  const std::string tried_;
  OwnFd fd_;
};

using GetName = int (*)(int, sockaddr*, socklen_t*);

// Of an IP socket.
inline Address address_of(int fd, GetName get_name, const char* tried) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  if (get_name(fd, at, &size) != 0) throw os_error(tried, errno);
  if (const auto address = Address::from(at, size)) return *address;
  throw Error(EKD_E_INVALID, std::string(tried) + ": this is no IP socket");
}
inline Address local_address_of(const IoHandle& io) {
  return address_of(io.fd(), ::getsockname, "local_address");
}
inline Address peer_address_of(const IoHandle& io) {
  return address_of(io.fd(), ::getpeername, "peer_address");
}

// Takes the next connection off a listener of whatever family. S: made of an IoHandle.
template <class S>
class AcceptWait final : public Wait {
 public:
  explicit AcceptWait(ekd_io listener) : listener_(listener) {}
  AcceptWait(AcceptWait&&) = default;

  bool poll() noexcept override {
    return answer_.ask([this](ekd_error* error) {
      ekd_io made = 0;
      const std::int32_t code = bound.io->accept(bound.ctx, listener_, waker(), &made, error);
      if (code == EKD_READY) made_ = IoHandle(made);
      return code;
    });
  }
  S result() {
    answer_.check("accept");
    return S(std::move(made_));
  }

 private:
  const ekd_io listener_;
  IoAnswer answer_;
  IoHandle made_;
};

}  // namespace detail

// An accept found no descriptor or memory: the connection still waits in the backlog. Rest a while,
// as accept_when_room() does, or close something, and accept again; at once it would fail again.
inline bool is_shortage(const Error& error) noexcept {
  switch (error.os_errno()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return error.code() == EKD_E_OS;
    default:
      return false;
  }
}

// co_await: the next connection, for servers: where the system has no descriptor or memory for it,
// it says so in the log and rests 100 ms before each new try. Other errors as of accept().
// Cancellation-safe.
template <class Listener>
auto accept_when_room(const Listener& listener) -> Task<AwaitResult<decltype(listener.accept())>> {
  for (bool complained = false;; complained = true) {
    try {
      co_return co_await listener.accept();
    } catch (const Error& error) {
      if (!is_shortage(error)) throw;
      if (!complained)
        log(EKD_LOG_WARN, std::string(error.what()) + "; accepting pauses until there is room");
    }
    // Long enough to cost nothing, and short against a client's patience.
    co_await sleep(std::chrono::milliseconds(100));
  }
}

EKIDEN_SDK_END
