// One connection to the daemon, one request at a time. One thread; nothing throws but
// std::bad_alloc.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/ctl/failure.hpp"

namespace ekiden::daemon::ctl {

using Deadline = std::chrono::steady_clock::time_point;

class Client {
 public:
  Client() = default;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Nothing where it is connected. Unreachable: nobody listens there; denied: the socket's mode.
  std::optional<Failure> connect(const std::string& path, Deadline deadline);

  // What the daemon says while a request runs: the params of a notification.
  using OnNotice = std::function<void(const nlohmann::json& params)>;

  // The result, or the daemon's error, or what happened to the connection. At the deadline the
  // request may still be carried out. `on_notice` may be null.
  std::variant<nlohmann::json, Failure> call(std::string_view method, const nlohmann::json& params,
                                             Deadline deadline,
                                             const OnNotice& on_notice = nullptr);

 private:
  std::optional<Failure> send(std::string_view line, Deadline deadline);
  std::optional<Failure> receive_line(std::string& line, Deadline deadline);

  int socket_ = -1;
  std::string path_;
  std::string received_;
  std::uint64_t last_id_ = 0;
};

}  // namespace ekiden::daemon::ctl
