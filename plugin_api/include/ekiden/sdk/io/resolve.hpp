// Names of hosts become addresses.
#pragma once

#include <ekiden/sdk/blocking.hpp>
#include <ekiden/sdk/io/address.hpp>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include <netdb.h>

EKIDEN_SDK_BEGIN

namespace detail {

[[noreturn]] inline void throw_unresolved(const std::string& host, int code, int os_errno) {
  const bool os = code == EAI_SYSTEM;
  const std::string why = os ? std::generic_category().message(os_errno) : gai_strerror(code);
  const bool unknown = code == EAI_NONAME || code == EAI_NODATA;
  throw Error(unknown ? EKD_E_NOT_FOUND : EKD_E_OS, "resolve " + host + ": " + why,
              os ? os_errno : 0);
}

// Blocks.
inline std::vector<Address> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) throw_unresolved(host, code, errno);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  std::vector<Address> all;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next)
    if (const auto address = Address::from(at->ai_addr, at->ai_addrlen))
      all.push_back(address->with_port(port));
  return all;
}

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// "host:80". Throws Error (EKD_E_INVALID).
inline HostPort split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && colon != 0) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error == std::errc{} && rest == end) return {std::string(text.substr(0, colon)), port};
  }
  throw Error(EKD_E_INVALID, "'" + std::string(text.substr(0, 128)) +
                                 "' names no host and port; expected host:80 or 127.0.0.1:80");
}

}  // namespace detail

// co_await: the addresses of a host, in the order in which to try them; on the blocking pool, by
// the system's resolver. Throws Error: EKD_E_NOT_FOUND (there is no such name), EKD_E_OS (the
// resolver failed: try again later). Cancellation-safe.
inline auto resolve(std::string host, std::uint16_t port) {
  return blocking([host = std::move(host), port] { return detail::look_up(host, port); });
}

EKIDEN_SDK_END
