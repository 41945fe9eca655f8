#include "runtime/reactor/socket_address.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace ekiden::runtime {

using Catch::Matchers::Contains;

TEST_CASE("addresses are read and written the same way") {
  for (const char* text : {"127.0.0.1:7007", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:7007",
                           "[::]:0", "[2001:db8::1]:80", "[fe80::1%1]:9"}) {
    CAPTURE(text);
    SocketAddress address;
    std::string error;
    REQUIRE(parse_socket_address(text, address, error));
    CHECK(socket_address_text(address) == text);
    CHECK(error.empty());
  }
}

TEST_CASE("an interface may be named") {
  SocketAddress address;
  std::string error;
  REQUIRE(parse_socket_address("[fe80::1%lo]:9", address, error));
  CHECK(socket_address_text(address) == "[fe80::1%1]:9");
}

TEST_CASE("what is no address is refused with a sentence") {
  struct Row {
    std::string text;
    const char* why;
  };
  const Row rows[] = {
      {"", "no port"},
      {"127.0.0.1", "no port"},
      {"127.0.0.1:", "port"},
      {"127.0.0.1:http", "port"},
      {"127.0.0.1:65536", "0 to 65535"},
      {"127.0.0.1:-1", "port"},
      {"127.0.0.1:+1", "port"},
      {"127.0.0.1: 1", "port"},
      {"127.0.0.1:1 ", "port"},
      {":80", "no IPv4 address"},
      {"localhost:80", "names are not looked up"},
      {"127.1:80", "no IPv4 address"},
      {"256.0.0.1:80", "no IPv4 address"},
      {"::1:80", "needs brackets"},
      {"[::1", "port"},
      {"[::1]", "port"},
      {"[]:80", "no IPv6 address"},
      {"[127.0.0.1]:80", "no IPv6 address"},
      {"[fe80::1%nosuchinterface]:80", "no IPv6 address"},
      {"[fe80::1%]:80", "no IPv6 address"},
      {std::string("127.0.0.1\0x:80", 14), "NUL"},
      {std::string(100'000, '1') + ":80", "too long"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 40));
    SocketAddress address;
    std::string error;
    CHECK_FALSE(parse_socket_address(row.text, address, error));
    CHECK_THAT(error, Contains(row.why));
    CHECK_THAT(error, Contains("expected an IP address and a port"));
    CHECK(error.size() < 400);
  }
}

TEST_CASE("text of what is no socket is empty") {
  CHECK(local_address_text(-1).empty());
  CHECK(peer_address_text(0).empty());
}

}  // namespace ekiden::runtime
