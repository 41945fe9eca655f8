// Address: an IPv4 or IPv6 address with its port.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

EKIDEN_SDK_BEGIN

class Address {
 public:
  // 0.0.0.0:0
  Address() noexcept { v4().sin_family = AF_INET; }

  // "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80". No names: see resolve(). Throws Error
  // (EKD_E_INVALID).
  static Address parse(std::string_view text) {
    if (const auto address = try_parse(text)) return *address;
    throw Error(EKD_E_INVALID, "'" + std::string(text.substr(0, 128)) +
                                   "' is no address; expected an IP address and a port, such as "
                                   "127.0.0.1:80 or [::1]:80");
  }
  // Nothing where it is none.
  static std::optional<Address> try_parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (!port || host.size() > 100) return std::nullopt;
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    return of_host(std::string(host), *port, bracketed ? AF_INET6 : AF_INET);
  }
  // Nothing for other families.
  static std::optional<Address> from(const sockaddr* address, socklen_t size) {
    Address out;
    if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
      std::memcpy(&out.any_, address, sizeof(sockaddr_in));
    } else if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
      std::memcpy(&out.any_, address, sizeof(sockaddr_in6));
    } else {
      return std::nullopt;
    }
    return out;
  }
  // 127.0.0.1
  static Address loopback(std::uint16_t port) { return v4_of(INADDR_LOOPBACK, port); }
  // 0.0.0.0: every interface, to listen on.
  static Address any(std::uint16_t port) { return v4_of(INADDR_ANY, port); }

  bool is_v6() const noexcept { return any_.sin6_family == AF_INET6; }
  // Both families have it in the same place.
  std::uint16_t port() const noexcept { return ntohs(any_.sin6_port); }
  Address with_port(std::uint16_t port) const {
    Address out = *this;
    out.any_.sin6_port = htons(port);
    return out;
  }

  // As parse() reads it.
  std::string to_string() const {
    char host[INET6_ADDRSTRLEN];
    const void* const bytes = is_v6() ? static_cast<const void*>(&any_.sin6_addr)
                                      : static_cast<const void*>(&v4().sin_addr);
    inet_ntop(any_.sin6_family, bytes, host, sizeof(host));
    std::string text = is_v6() ? "[" : "";
    text += host;
    if (is_v6() && any_.sin6_scope_id != 0) text += "%" + std::to_string(any_.sin6_scope_id);
    if (is_v6()) text += "]";
    return text + ":" + std::to_string(port());
  }

  // For system calls.
  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&any_); }
  socklen_t size() const noexcept { return is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

  friend bool operator==(const Address& a, const Address& b) noexcept {
    if (a.is_v6() != b.is_v6() || a.port() != b.port()) return false;
    if (!a.is_v6()) return a.v4().sin_addr.s_addr == b.v4().sin_addr.s_addr;
    return a.any_.sin6_scope_id == b.any_.sin6_scope_id &&
           std::memcmp(&a.any_.sin6_addr, &b.any_.sin6_addr, sizeof(in6_addr)) == 0;
  }

 private:
  template <class N>
  static std::optional<N> parse_number(std::string_view text) {
    N number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
    return number;
  }
  static std::optional<Address> of_host(std::string host, std::uint16_t port, int family) {
    Address out;
    out.any_.sin6_family = static_cast<sa_family_t>(family);
    out.any_.sin6_port = htons(port);
    if (const std::size_t percent = host.find('%'); percent != std::string::npos) {
      if (family != AF_INET6) return std::nullopt;
      const std::string scope = host.substr(percent + 1);
      const auto number = parse_number<std::uint32_t>(scope);
      out.any_.sin6_scope_id = number ? *number : if_nametoindex(scope.c_str());
      if (out.any_.sin6_scope_id == 0) return std::nullopt;
      host.resize(percent);
    }
    void* const bytes = family == AF_INET6 ? static_cast<void*>(&out.any_.sin6_addr)
                                           : static_cast<void*>(&out.v4().sin_addr);
    if (inet_pton(family, host.c_str(), bytes) != 1) return std::nullopt;
    return out;
  }
  static Address v4_of(in_addr_t host, std::uint16_t port) {
    Address out;
    out.v4().sin_addr.s_addr = htonl(host);
    out.v4().sin_port = htons(port);
    return out;
  }

  sockaddr_in& v4() noexcept { return v4_; }
  const sockaddr_in& v4() const noexcept { return v4_; }

  // They begin alike: family, port.
  union {
    sockaddr_in6 any_{};
    sockaddr_in v4_;
  };
};

EKIDEN_SDK_END
