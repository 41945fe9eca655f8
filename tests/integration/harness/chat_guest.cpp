#include "tests/integration/harness/chat_guest.hpp"

#include <cerrno>
#include <system_error>

namespace ekiden::integration {

using nlohmann::json;

json chat_settings(const json& config) {
  json settings = {
      {"plugins", {{"settings", {{"chat", {{"config", {{"listen", "127.0.0.1:0"}}}}}}}}}};
  settings["plugins"]["settings"]["chat"]["config"].merge_patch(config);
  return settings;
}

json chat_stats(DaemonProcess& daemon) { return daemon.control().call_plugin("chat", "stats"); }

bool chat_settles_at(DaemonProcess& daemon, const char* counter, std::uint64_t value) {
  return wait_until([&] { return chat_stats(daemon).at(counter) == value; });
}

std::string chat_address(DaemonProcess& daemon) {
  return chat_stats(daemon).at("listen").get<std::string>();
}

std::optional<std::string> ChatGuest::next() {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    try {
      const std::string more = client_.read_some(64 * 1024);
      if (more.empty()) return std::nullopt;
      unread_ += more;
    } catch (const std::system_error& e) {
      if (e.code() != std::errc::connection_reset) throw;
      return std::nullopt;
    }
  }
}

std::vector<std::string> ChatGuest::rest() {
  std::vector<std::string> lines;
  while (auto line = next())
    lines.push_back(std::move(*line));
  return lines;
}

}  // namespace ekiden::integration
