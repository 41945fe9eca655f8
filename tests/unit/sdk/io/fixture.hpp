// What the tests of I/O share: pairs of connected sockets, and folders that go away.
#pragma once

#include <ekiden/sdk/io.hpp>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {

inline void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

struct TcpPair {
  TcpStream client;
  TcpStream server;
};

// Two ends of a TCP connection over loopback.
inline Task<TcpPair> tcp_pair() {
  const TcpListener listener = TcpListener::bind(Address::loopback(0));
  TcpPair pair;
  pair.client = co_await TcpStream::connect(listener.local_address());
  pair.server = co_await listener.accept();
  co_return pair;
}

// The same of a Unix socket: with small buffers it is quick, where TCP waits for late ACKs.
struct UnixPair {
  UnixStream client;
  UnixStream server;
};
inline UnixPair unix_pair() {
  auto [client, server] = UnixStream::make_pair();
  return {std::move(client), std::move(server)};
}

// So that a few KiB fill the way from one end to the other.
inline void shrink_buffers(const FdStream& stream) {
  const int bytes = 4096;
  ::setsockopt(stream.fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  ::setsockopt(stream.fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

// The next close sends RST.
inline void reset_on_close(const FdStream& stream) {
  const linger at_once{1, 0};
  ::setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

// Bytes of which each tells where it belongs.
inline Bytes pattern(std::size_t size, std::size_t from = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(((from + i) * 31 + (from + i) / 251) & 0xff);
  return bytes;
}

// Of this process.
inline int open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ekiden_io_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const char* name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ekiden::test
