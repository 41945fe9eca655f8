#include "daemon/ctl/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "daemon/control/error.hpp"
#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/os_error.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between two tries where the daemon's queue of new connections is full.
constexpr milliseconds kConnectPause{20};

Failure timed_out() {
  return {kExitTimedOut,
          "the daemon did not answer in time; it may still carry the request out (see --timeout)"};
}

Failure unreachable(const std::string& path, const std::string& why) {
  return {kExitUnreachable,
          "no daemon answers at '" + path + "': " + why + "; is ekidend running?"};
}

Failure connection_lost(const std::string& why) {
  return {kExitUnreachable, "the connection to the daemon was lost: " + why};
}

// Waits until the socket is ready for `events`. False at the deadline.
bool wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd state{socket, events, 0};
    const int count = ::poll(&state, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return true;  // the call that follows says what it is
  }
}

int exit_code_of(const json& error) {
  const auto code = error.find("code");
  if (code == error.end() || !code->is_number_integer()) return kExitFailed;
  for (const control::ErrorEntry& entry : control::kErrors) {
    if (entry.code == *code) return entry.exit_code;
  }
  return kExitFailed;
}

Failure failure_of(const json& error) {
  const auto message = error.is_object() ? error.find("message") : error.end();
  if (!error.is_object() || message == error.end() || !message->is_string()) {
    return {kExitFailed, "the daemon answered with an error that says nothing"};
  }
  return {exit_code_of(error), message->get<std::string>()};
}

// Nothing where the line answers another request, or none.
std::optional<std::variant<json, Failure>> read_answer(const std::string& line, std::uint64_t id,
                                                       const Client::OnNotice& on_notice) {
  json answer;
  if (const auto problem = control::read_json(line, answer)) {
    return Failure{kExitFailed, "the daemon's answer is not acceptable JSON: " + *problem};
  }
  if (answer.is_object() && answer.contains("method")) {
    if (on_notice) on_notice(answer.value("params", json::object()));
    return std::nullopt;
  }
  const bool is_object = answer.is_object() && answer.contains("id");
  if (!is_object) return Failure{kExitFailed, "the daemon's answer is not one of JSON-RPC 2.0"};
  // An error without an id is about the connection or the line that was sent, so it is for us.
  if (answer.contains("error") && (answer["id"].is_null() || answer["id"] == id)) {
    return failure_of(answer["error"]);
  }
  if (answer["id"] != id) return std::nullopt;
  if (!answer.contains("result")) {
    return Failure{kExitFailed, "the daemon's answer is not one of JSON-RPC 2.0"};
  }
  return std::variant<json, Failure>(std::in_place_type<json>, std::move(answer["result"]));
}

}  // namespace

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<Failure> Client::connect(const std::string& path, Deadline deadline) {
  path_ = path;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Failure{kExitUsage, "the socket's path must have 1 to " +
                                   std::to_string(sizeof address.sun_path - 1) + " bytes"};
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0)
    return Failure{kExitFailed, "cannot make a socket: " + control::os_error_text(errno)};

  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  while (::connect(socket_, generic, sizeof address) != 0) {
    if (errno == EINTR) continue;
    if (errno == EACCES || errno == EPERM) {
      return Failure{kExitDenied, "the socket '" + path +
                                      "' is not for you: " + control::os_error_text(errno) +
                                      "; its mode and group say who may connect"};
    }
    if (errno != EAGAIN) return unreachable(path, control::os_error_text(errno));
    if (steady_clock::now() + kConnectPause >= deadline) return timed_out();
    std::this_thread::sleep_for(kConnectPause);
  }
  return std::nullopt;
}

std::variant<json, Failure> Client::call(std::string_view method, const json& params,
                                         Deadline deadline, const OnNotice& on_notice) {
  const std::uint64_t id = ++last_id_;
  const json request = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  const std::string line = control::write_json(request);
  if (line.size() > control::kLineMaxBytes) {
    return Failure{kExitUsage, "the request has " + std::to_string(line.size()) +
                                   " bytes and the daemon takes " +
                                   std::to_string(control::kLineMaxBytes)};
  }
  if (auto failure = send(line + "\n", deadline)) return std::move(*failure);
  std::string answer;
  for (;;) {
    if (auto failure = receive_line(answer, deadline)) return std::move(*failure);
    if (auto read = read_answer(answer, id, on_notice)) return std::move(*read);
  }
}

std::optional<Failure> Client::send(std::string_view line, Deadline deadline) {
  while (!line.empty()) {
    const ssize_t count = ::send(socket_, line.data(), line.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      line.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket_, POLLOUT, deadline)) return timed_out();
    } else if (errno == EPIPE) {
      // The daemon has said why before it closed the connection: go on and read it.
      return std::nullopt;
    } else if (errno != EINTR) {
      return connection_lost(control::os_error_text(errno));
    }
  }
  return std::nullopt;
}

std::optional<Failure> Client::receive_line(std::string& line, Deadline deadline) {
  std::array<char, 64 * 1024> chunk;
  std::size_t scanned = 0;
  for (;;) {
    const std::size_t feed = received_.find('\n', scanned);
    if (feed != std::string::npos) {
      line = received_.substr(0, feed);
      received_.erase(0, feed + 1);
      return std::nullopt;
    }
    scanned = received_.size();
    if (scanned > control::kAnswerMaxBytes) {
      return connection_lost("an answer of more than " + std::to_string(control::kAnswerMaxBytes) +
                             " bytes; whoever listens at '" + path_ + "' is no Ekiden daemon");
    }
    const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (count > 0) {
      received_.append(chunk.data(), static_cast<std::size_t>(count));
    } else if (count == 0) {
      return connection_lost("it was closed before the answer came");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket_, POLLIN, deadline)) return timed_out();
    } else if (errno != EINTR) {
      return connection_lost(control::os_error_text(errno));
    }
  }
}

}  // namespace ekiden::daemon::ctl
