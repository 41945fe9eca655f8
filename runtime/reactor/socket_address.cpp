#include "runtime/reactor/socket_address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace ekiden::runtime {

namespace {

// Longer text is no address; it isn't repeated in an answer either.
constexpr std::size_t kMaxTextBytes = 128;

bool refuse(std::string_view text, std::string_view why, std::string& error) {
  error = "'";
  for (const char c : text.substr(0, kMaxTextBytes)) {
    error += c >= ' ' && c <= '~' ? c : '?';
  }
  if (text.size() > kMaxTextBytes) error += "...";
  error += "' is not a socket address: ";
  error += why;
  error += "; expected an IP address and a port, such as 127.0.0.1:7007 or [::1]:7007";
  return false;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || rest != end || text.empty()) return std::nullopt;
  return port;
}

bool set_ipv4(const std::string& host, std::uint16_t port, SocketAddress& out) {
  sockaddr_in address{};
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return false;
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  std::memcpy(&out.storage, &address, sizeof address);
  out.size = sizeof address;
  return true;
}

// An interface's name or number; 0 for what is neither.
std::uint32_t parse_scope(const std::string& text) {
  std::uint32_t scope = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, scope);
  if (error == std::errc{} && rest == end) return scope;
  return if_nametoindex(text.c_str());
}

bool set_ipv6(const std::string& host, std::uint16_t port, SocketAddress& out) {
  sockaddr_in6 address{};
  const std::size_t percent = host.find('%');
  if (percent != std::string::npos) {
    address.sin6_scope_id = parse_scope(host.substr(percent + 1));
    if (address.sin6_scope_id == 0) return false;
  }
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address.sin6_addr) != 1) return false;
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::memcpy(&out.storage, &address, sizeof address);
  out.size = sizeof address;
  return true;
}

template <class Address>
Address as(const SocketAddress& address) {
  Address out{};
  std::memcpy(&out, &address.storage, sizeof out);
  return out;
}

std::string ipv4_text(const sockaddr_in& address) {
  char host[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(address.sin_port));
}

std::string ipv6_text(const sockaddr_in6& address) {
  char host[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &address.sin6_addr, host, sizeof host);
  std::string text = std::string("[") + host;
  if (address.sin6_scope_id != 0) text += "%" + std::to_string(address.sin6_scope_id);
  return text + "]:" + std::to_string(ntohs(address.sin6_port));
}

std::string unix_text(const sockaddr_un& address, std::size_t size) {
  const std::size_t path_bytes = size - offsetof(sockaddr_un, sun_path);
  if (path_bytes == 0) return "unix:";
  const bool is_abstract = address.sun_path[0] == '\0';
  if (is_abstract) return "unix:@" + std::string(address.sun_path + 1, path_bytes - 1);
  return "unix:" + std::string(address.sun_path, strnlen(address.sun_path, path_bytes));
}

template <class GetName>
std::string text_of(int fd, GetName&& get_name) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (get_name(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return "";
  return socket_address_text(address);
}

}  // namespace

bool parse_socket_address(std::string_view text, SocketAddress& out, std::string& error) {
  if (text.size() > kMaxTextBytes) return refuse(text, "it is too long", error);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse(text, "it has no port", error);
  const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return refuse(text, "the port is no number from 0 to 65535", error);

  std::string_view host = text.substr(0, colon);
  // A NUL would end the text early for the C functions below.
  if (host.find('\0') != std::string_view::npos) return refuse(text, "it contains a NUL", error);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    if (set_ipv6(std::string(host), *port, out)) return true;
    return refuse(text, "what stands in brackets is no IPv6 address", error);
  }
  if (host.find(':') != std::string_view::npos) {
    return refuse(text, "an IPv6 address needs brackets", error);
  }
  if (set_ipv4(std::string(host), *port, out)) return true;
  return refuse(text, "the part before the colon is no IPv4 address (names are not looked up)",
                error);
}

std::string socket_address_text(const SocketAddress& address) {
  if (address.size < sizeof(sa_family_t)) return "";
  switch (address.family()) {
    case AF_INET:
      return ipv4_text(as<sockaddr_in>(address));
    case AF_INET6:
      return ipv6_text(as<sockaddr_in6>(address));
    case AF_UNIX:
      return unix_text(as<sockaddr_un>(address), address.size);
    default:
      return "";
  }
}

std::string local_address_text(int fd) { return text_of(fd, ::getsockname); }

std::string peer_address_text(int fd) { return text_of(fd, ::getpeername); }

}  // namespace ekiden::runtime
