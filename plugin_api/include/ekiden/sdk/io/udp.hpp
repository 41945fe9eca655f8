// UdpSocket: datagrams.
#pragma once

#include <ekiden/sdk/io/socket.hpp>

#include <algorithm>
#include <span>

EKIDEN_SDK_BEGIN

// A datagram that was received.
struct Datagram {
  std::size_t size = 0;  // bytes in the buffer
  Address from;
  bool truncated = false;  // there was more than the buffer takes; the rest is lost
};

namespace detail {

struct SendCall {
  static constexpr const char* kName = "send";
  int fd;
  std::span<const std::byte> from;

  ssize_t operator()() noexcept { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); }
  std::size_t value(std::size_t count) const { return count; }
};

struct SendToCall {
  static constexpr const char* kName = "send_to";
  int fd;
  std::span<const std::byte> from;
  Address to;

  ssize_t operator()() noexcept {
    return ::sendto(fd, from.data(), from.size(), MSG_NOSIGNAL, to.data(), to.size());
  }
  std::size_t value(std::size_t count) const { return count; }
};

struct ReceiveCall {
  static constexpr const char* kName = "recv_from";
  int fd;
  std::span<std::byte> into;
  sockaddr_storage source{};
  socklen_t source_size = sizeof(source);

  // With MSG_TRUNC it answers the size of the datagram, whatever fits.
  ssize_t operator()() noexcept {
    source_size = sizeof(source);
    return ::recvfrom(fd, into.data(), into.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&source),
                      &source_size);
  }
  Datagram value(std::size_t size) const {
    const auto from = Address::from(reinterpret_cast<const sockaddr*>(&source), source_size);
    return {std::min(size, into.size()), from ? *from : Address(), size > into.size()};
  }
};

struct ReceiveSizeCall : ReceiveCall {
  static constexpr const char* kName = "recv";
  std::size_t value(std::size_t size) const { return std::min(size, into.size()); }
};

}  // namespace detail

// One task sends and one receives at a time: a direction has one waiter. The waits are
// cancellation-safe: then nothing was sent, or received. Errors: EKD_E_OS; on a connected socket
// ECONNREFUSED says that an earlier datagram found nobody.
class UdpSocket {
 public:
  UdpSocket() noexcept = default;

  // [any] Port 0 takes a free one. Throws Error: EKD_E_OS, EKD_E_DRAINING.
  static UdpSocket bind(const Address& at) {
    const int family = at.is_v6() ? AF_INET6 : AF_INET;
    detail::NewSocket socket(family, SOCK_DGRAM, "bind to " + at.to_string());
    socket.check(::bind(socket.get(), at.data(), at.size()));
    UdpSocket out;
    out.fd_ = socket.get();
    out.io_ = socket.adopt();
    return out;
  }
  // [any] From now on it sends to `to`, and hears nobody else. Nothing goes out. Throws Error
  // (EKD_E_OS).
  void connect(const Address& to) const {
    if (::connect(io_.fd(), to.data(), to.size()) != 0)
      throw detail::os_error("connect to " + to.to_string(), errno);
  }

  // co_await: the bytes sent, all of them; waits while the socket's buffer is full. The second form
  // is for sockets that are connected.
  auto send_to(std::span<const std::byte> from, const Address& to) const {
    using Call = detail::SendToCall;
    return detail::ReadyWait<Call>(io_.get(), EKD_IO_WRITABLE, Call{fd_, from, to});
  }
  auto send(std::span<const std::byte> from) const {
    using Call = detail::SendCall;
    return detail::ReadyWait<Call>(io_.get(), EKD_IO_WRITABLE, Call{fd_, from});
  }
  // co_await: the next datagram, as a Datagram; or its size alone. It may be empty.
  auto recv_from(std::span<std::byte> into) const {
    using Call = detail::ReceiveCall;
    return detail::ReadyWait<Call>(io_.get(), EKD_IO_READABLE, Call{fd_, into});
  }
  auto recv(std::span<std::byte> into) const {
    using Call = detail::ReceiveSizeCall;
    return detail::ReadyWait<Call>(io_.get(), EKD_IO_READABLE, Call{{fd_, into}});
  }

  explicit operator bool() const noexcept { return static_cast<bool>(io_); }
  Address local_address() const { return detail::local_address_of(io_); }
  Address peer_address() const { return detail::peer_address_of(io_); }
  const IoHandle& io() const noexcept { return io_; }
  void close() noexcept { io_.close(); }

 private:
  IoHandle io_;
  // Its number: each call is one of the host's and one of the system's. Waits keep it, so it must
  // not be closed while somebody waits.
  int fd_ = -1;
};

EKIDEN_SDK_END
