#include "tests/unit/control/support/raw_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ekiden::daemon::control::test {

RawClient::RawClient(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

RawClient::~RawClient() { close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

bool RawClient::wait_for(short events) const {
  pollfd state{socket_, events, 0};
  return ::poll(&state, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0;
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = send_some(bytes);
    bytes.remove_prefix(count);
    if (count == 0 && (errno != EAGAIN || !wait_for(POLLOUT))) return false;
  }
  return true;
}

std::size_t RawClient::send_some(std::string_view bytes) {
  const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::optional<std::string> RawClient::line() {
  std::array<char, 64 * 1024> chunk;
  for (;;) {
    if (const std::size_t feed = received_.find('\n'); feed != std::string::npos) {
      std::string line = received_.substr(0, feed);
      received_.erase(0, feed + 1);
      return line;
    }
    if (!wait_for(POLLIN)) return std::nullopt;
    const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (count <= 0) return std::nullopt;
    received_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

bool RawClient::ended() {
  char byte = 0;
  return received_.empty() && wait_for(POLLIN) && ::recv(socket_, &byte, 1, 0) <= 0;
}

void RawClient::shut_down_writing() { ::shutdown(socket_, SHUT_WR); }

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

std::string RawClient::ask(std::string_view request) {
  if (!send(std::string(request) + "\n")) return "(not sent)";
  return line().value_or("(no answer)");
}

}  // namespace ekiden::daemon::control::test
