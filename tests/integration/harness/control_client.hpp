// Speaks the control protocol itself, one JSON-RPC message a line, so that a defect of ekidenctl
// and one of the server do not hide each other. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {

// The daemon answered with an error.
struct ControlError : std::runtime_error {
  explicit ControlError(const nlohmann::json& error);
  int code;
  std::string kind;
};

class ControlClient {
 public:
  // Throws std::system_error when nobody listens.
  explicit ControlClient(const std::filesystem::path& socket);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // Sends a request and waits for its answer: the result, or ControlError.
  nlohmann::json call(const std::string& method,
                      const nlohmann::json& params = nlohmann::json::object(),
                      std::chrono::milliseconds limit = kLongTime);
  // A plugin's command.
  nlohmann::json call_plugin(const std::string& plugin, const std::string& method,
                             const nlohmann::json& params = nlohmann::json::object(),
                             std::chrono::milliseconds limit = kLongTime);

  // Sends a request without waiting, and reads the next line, whatever it answers.
  void send(const std::string& method, const nlohmann::json& params);
  nlohmann::json next_answer(std::chrono::milliseconds limit = kLongTime);

 private:
  std::string read_line(std::chrono::milliseconds limit);

  int fd_ = -1;
  std::uint64_t last_id_ = 0;
  std::string unread_;
};

}  // namespace ekiden::integration
