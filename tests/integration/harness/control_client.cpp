#include "tests/integration/harness/control_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace ekiden::integration {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int connect_to(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof(address.sun_path)) throw std::length_error(socket.string());
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    fail("connect " + socket.string());
  }
  return fd;
}

}  // namespace

ControlError::ControlError(const nlohmann::json& error)
    : std::runtime_error(error.value("message", "")), code(error.value("code", 0)) {
  if (error.contains("data")) kind = error["data"].value("kind", "");
}

ControlClient::ControlClient(const std::filesystem::path& socket) : fd_(connect_to(socket)) {}

ControlClient::~ControlClient() { close(fd_); }

nlohmann::json ControlClient::call(const std::string& method, const nlohmann::json& params,
                                   std::chrono::milliseconds limit) {
  send(method, params);
  const nlohmann::json answer = next_answer(limit);
  if (answer.value("id", std::uint64_t{0}) != last_id_) {
    throw std::runtime_error("an answer to another request: " + answer.dump());
  }
  if (answer.contains("error")) throw ControlError(answer["error"]);
  return answer.at("result");
}

nlohmann::json ControlClient::call_plugin(const std::string& plugin, const std::string& method,
                                          const nlohmann::json& params,
                                          std::chrono::milliseconds limit) {
  return call("plugin.call", {{"plugin", plugin}, {"method", method}, {"params", params}}, limit);
}

void ControlClient::send(const std::string& method, const nlohmann::json& params) {
  const nlohmann::json request = {
      {"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}};
  const std::string line = request.dump() + "\n";
  std::size_t at = 0;
  while (at < line.size()) {
    const ssize_t written = ::send(fd_, line.data() + at, line.size() - at, MSG_NOSIGNAL);
    if (written < 0) fail("send");
    at += static_cast<std::size_t>(written);
  }
}

nlohmann::json ControlClient::next_answer(std::chrono::milliseconds limit) {
  return nlohmann::json::parse(read_line(limit));
}

std::string ControlClient::read_line(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
      throw std::runtime_error("the daemon did not answer in time");
    }
    char buffer[65536];
    const ssize_t size = read(fd_, buffer, sizeof(buffer));
    if (size < 0 && errno != EINTR) fail("read");
    if (size == 0) throw std::runtime_error("the daemon closed the control connection");
    if (size > 0) unread_.append(buffer, static_cast<std::size_t>(size));
  }
}

}  // namespace ekiden::integration
