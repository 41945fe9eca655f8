#include "runtime/reactor/sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/reactor/socket_address.hpp"

namespace ekiden::runtime {

namespace {

// Closes the descriptor unless somebody took it over.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int fd) : fd_(fd) {}
  ~OwnedDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;

  int get() const { return fd_; }
  void release() { fd_ = -1; }

 private:
  int fd_;
};

Status refuse(std::string_view what, std::string_view address, int error, int& os_error,
              std::string& error_text) {
  os_error = error;
  error_text = "cannot ";
  error_text += what;
  error_text += ' ';
  error_text += address;
  error_text += ": " + std::system_category().message(error);
  return Status::kOsError;
}

int open_socket(const SocketAddress& address) {
  return ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// False with errno set.
bool bind_and_listen(int fd, const SocketAddress& address, const ListenOptions& options) {
  if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
  if (options.reuse_port && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return false;
  // Set either way: the system's default (net.ipv6.bindv6only) differs from machine to machine.
  if (address.family() == AF_INET6 &&
      !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0)) {
    return false;
  }
  return ::bind(fd, address.get(), address.size) == 0 && ::listen(fd, options.backlog) == 0;
}

// accept(2): errors that belong to one connection, or to the network under it, not to the listener.
// EPERM is not among them: a security module gives it without taking the connection off the queue.
bool is_lost_connection(int error) {
  switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EINTR:
      return true;
    default:
      return false;
  }
}

Attempt accept_once(int listener, int& connection, int& os_error) {
  for (;;) {
    connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) return Attempt::kDone;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Attempt::kWouldBlock;
    if (is_lost_connection(errno)) continue;  // it has left the queue, so this comes to an end
    os_error = errno;
    return Attempt::kFailed;
  }
}

Attempt connect_once(int fd, int& os_error) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    os_error = error;
    return Attempt::kFailed;
  }
  sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) return Attempt::kDone;
  if (errno == ENOTCONN) return Attempt::kWouldBlock;
  os_error = errno;
  return Attempt::kFailed;
}

// `call` returns whether it succeeded, with errno set where it did not.
template <class Call>
Status on_descriptor(Reactor& reactor, OwnerId owner, Handle handle, int& os_error, Call&& call) {
  bool done = false;
  const Status found = reactor.with_descriptor(owner, handle, [&](int fd) {
    done = call(fd);
    if (!done) os_error = errno;
  });
  if (found != Status::kOk) return found;
  return done ? Status::kOk : Status::kOsError;
}

}  // namespace

Status tcp_listen(Reactor& reactor, OwnerId owner, std::string_view address,
                  const ListenOptions& options, Handle& out, int& os_error,
                  std::string& error_text) {
  SocketAddress parsed;
  if (!parse_socket_address(address, parsed, error_text)) return Status::kInvalid;
  OwnedDescriptor socket(open_socket(parsed));
  if (socket.get() < 0 || !bind_and_listen(socket.get(), parsed, options)) {
    return refuse("listen on", address, errno, os_error, error_text);
  }
  const Status adopted = reactor.adopt_stream(owner, socket.get(), kReadable, out, os_error);
  if (adopted == Status::kOk) socket.release();
  if (adopted == Status::kOsError) refuse("listen on", address, os_error, os_error, error_text);
  return adopted;
}

Status accept(Reactor& reactor, OwnerId owner, Handle listener, Waker waker, Handle& out,
              int& os_error) {
  int connection = -1;
  const Status accepted =
      reactor.attempt(owner, listener, Interest::kRead, waker,
                      [&](int fd, SourceKind) { return accept_once(fd, connection, os_error); });
  if (accepted != Status::kOk) return accepted;
  OwnedDescriptor socket(connection);
  const Status adopted =
      reactor.adopt_stream(owner, connection, kReadable | kWritable, out, os_error);
  if (adopted == Status::kOk) socket.release();
  return adopted;
}

Status tcp_connect(Reactor& reactor, OwnerId owner, std::string_view address, Handle& out,
                   int& os_error, std::string& error_text) {
  SocketAddress parsed;
  if (!parse_socket_address(address, parsed, error_text)) return Status::kInvalid;
  OwnedDescriptor socket(open_socket(parsed));
  if (socket.get() < 0) return refuse("connect to", address, errno, os_error, error_text);
  const bool at_once = ::connect(socket.get(), parsed.get(), parsed.size) == 0;
  if (!at_once && errno != EINPROGRESS && errno != EINTR) {
    return refuse("connect to", address, errno, os_error, error_text);
  }
  // Until it is connected it counts as not ready, so that nobody tries a call on it.
  const ReadySet facts = at_once ? kReadable | kWritable : ReadySet{};
  const Status adopted = reactor.adopt_stream(owner, socket.get(), facts, out, os_error);
  if (adopted == Status::kOk) socket.release();
  if (adopted == Status::kOsError) refuse("connect to", address, os_error, os_error, error_text);
  return adopted;
}

Status connect_result(Reactor& reactor, OwnerId owner, Handle handle, Waker waker, int& os_error) {
  return reactor.attempt(owner, handle, Interest::kWrite, waker,
                         [&](int fd, SourceKind) { return connect_once(fd, os_error); });
}

Status local_address(Reactor& reactor, OwnerId owner, Handle handle, std::string& out) {
  return reactor.with_descriptor(owner, handle, [&](int fd) { out = local_address_text(fd); });
}

Status peer_address(Reactor& reactor, OwnerId owner, Handle handle, std::string& out) {
  return reactor.with_descriptor(owner, handle, [&](int fd) { out = peer_address_text(fd); });
}

Status set_nodelay(Reactor& reactor, OwnerId owner, Handle handle, bool on, int& os_error) {
  return on_descriptor(reactor, owner, handle, os_error, [on](int fd) {
    return set_option(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  });
}

Status shutdown_write(Reactor& reactor, OwnerId owner, Handle handle, int& os_error) {
  return on_descriptor(reactor, owner, handle, os_error,
                       [](int fd) { return ::shutdown(fd, SHUT_WR) == 0; });
}

Status set_reset_on_close(Reactor& reactor, OwnerId owner, Handle handle, int& os_error) {
  return on_descriptor(reactor, owner, handle, os_error, [](int fd) {
    const linger at_once{1, 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0;
  });
}

}  // namespace ekiden::runtime
