// Addresses as people write them: "127.0.0.1:7007", "[::1]:7007", "[fe80::1%eth0]:7007".
// Numbers only: looking a name up can take seconds, so it is work for the blocking pool.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace ekiden::runtime {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// False when `text` is no address; then `error` says in a sentence what is wrong and what is
// expected. Port 0 is accepted: the kernel chooses one.
bool parse_socket_address(std::string_view text, SocketAddress& out, std::string& error);

// The address as parse_socket_address() takes it; a Unix socket as "unix:/path", "unix:@abstract"
// or "unix:"; "" for other families.
std::string socket_address_text(const SocketAddress& address);

// Of a descriptor; "" when it is no socket, or has no such address.
std::string local_address_text(int fd);
std::string peer_address_text(int fd);

}  // namespace ekiden::runtime
