// Somebody who chats: a connection to the plugin `chat`, by lines.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {

// Settings of a daemon with chat on a free port; `config` is merged into chat's own.
nlohmann::json chat_settings(const nlohmann::json& config = nlohmann::json::object());
// connections, members (who is in a room), rooms, evicted, listen.
nlohmann::json chat_stats(DaemonProcess& daemon);
// False: the counter has not come to the value for a long time.
bool chat_settles_at(DaemonProcess& daemon, const char* counter, std::uint64_t value);
std::string chat_address(DaemonProcess& daemon);

// One thread.
class ChatGuest {
 public:
  // receive_buffer: as of TcpClient.
  explicit ChatGuest(const std::string& address, int receive_buffer = 0)
      : client_(address, receive_buffer) {}

  void say(const std::string& line) { client_.send_all(line + "\n"); }
  // Takes a name and goes to a room.
  void enter(const std::string& name, const std::string& room) {
    client_.send_all("/name " + name + "\n/join " + room + "\n");
  }
  // The next line without its end; none where the server has hung up, cleanly or by a reset.
  std::optional<std::string> next();
  // All lines until the server hangs up.
  std::vector<std::string> rest();

  TcpClient& client() { return client_; }

 private:
  TcpClient client_;
  std::string unread_;
};

}  // namespace ekiden::integration
