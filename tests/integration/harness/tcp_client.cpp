#include "tests/integration/harness/tcp_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace ekiden::integration {
namespace {

constexpr timeval kPatience{60, 0};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

sockaddr_in parse_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument(address);
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  parsed.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1))));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &parsed.sin_addr) != 1) {
    throw std::invalid_argument(address);
  }
  return parsed;
}

TcpClient::TcpClient(const std::string& address, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) fail("socket");
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (receive_buffer != 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  const sockaddr_in to = parse_address(address);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    const int error = errno;
    close(std::exchange(fd_, -1));
    errno = error;
    fail("connect");
  }
}

TcpClient::~TcpClient() {
  if (fd_ >= 0) close(fd_);
}

TcpClient::TcpClient(TcpClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

TcpClient& TcpClient::operator=(TcpClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void TcpClient::send_all(std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string TcpClient::read_exactly(std::size_t size) {
  std::string data(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = recv(fd_, data.data() + at, size - at, 0);
    if (got < 0) fail("recv");
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  data.resize(at);
  return data;
}

std::string TcpClient::read_some(std::size_t size) {
  std::string data(size, '\0');
  const ssize_t got = recv(fd_, data.data(), size, 0);
  if (got < 0) fail("recv");
  data.resize(static_cast<std::size_t>(got));
  return data;
}

bool TcpClient::at_end() { return read_exactly(1).empty(); }

std::size_t TcpClient::send_some(std::string_view data) {
  const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno != EAGAIN && errno != EWOULDBLOCK) fail("send");
  return 0;
}

bool TcpClient::readable_within(int ms) const {
  pollfd waiting{fd_, POLLIN, 0};
  return poll(&waiting, 1, ms) == 1;
}

void TcpClient::end_stream() { shutdown(fd_, SHUT_WR); }

void TcpClient::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(fd_, -1));
}

}  // namespace ekiden::integration
