// A client that may misbehave: bytes out, lines in. Every wait ends after kPatience.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ekiden::daemon::control::test {

// So long that only a hang reaches it, also under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds kPatience{30};

class RawClient {
 public:
  // Connected, or not: see connected().
  explicit RawClient(const std::filesystem::path& path);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return socket_ >= 0; }

  // Everything, or false when the server takes no more.
  bool send(std::string_view bytes);
  // What goes without waiting.
  std::size_t send_some(std::string_view bytes);
  // The next line without its line feed; nothing at the end of the stream.
  std::optional<std::string> line();
  // True when the server closes the connection and has nothing more to say.
  bool ended();
  void shut_down_writing();
  void close();

  // send() of one line, and the answer to it.
  std::string ask(std::string_view request);

 private:
  bool wait_for(short events) const;

  int socket_ = -1;
  std::string received_;
};

}  // namespace ekiden::daemon::control::test
