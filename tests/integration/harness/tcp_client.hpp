// One blocking TCP connection with a deadline on everything. One thread.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace ekiden::integration {

// "127.0.0.1:7007"; throws std::invalid_argument.
sockaddr_in parse_address(const std::string& address);

class TcpClient {
 public:
  // receive_buffer: bytes of the kernel's, 0 for its default. Throws std::system_error.
  explicit TcpClient(const std::string& address, int receive_buffer = 0);
  ~TcpClient();
  TcpClient(TcpClient&& other) noexcept;
  TcpClient& operator=(TcpClient&& other) noexcept;
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // Throw std::system_error, also when nothing moves for a long time.
  void send_all(std::string_view data);
  // Up to `size` bytes; fewer only at the end of the stream.
  std::string read_exactly(std::size_t size);
  // What is there, at most `size` bytes; waits for the first. Empty at the end of the stream.
  std::string read_some(std::size_t size);
  // True when the server ends its stream; false if there is more to read.
  bool at_end();

  // As much as the kernel takes without waiting.
  std::size_t send_some(std::string_view data);
  // True when a byte, the end or an error is there within so many milliseconds.
  bool readable_within(int ms) const;

  void end_stream();  // FIN
  void reset();       // RST; nothing else may be called afterwards

 private:
  int fd_ = -1;
};

}  // namespace ekiden::integration
