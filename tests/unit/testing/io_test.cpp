// Sockets are real, whatever clock the timers have.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/unit/testing/spawned.hpp"

using namespace std::chrono_literals;
using namespace ekiden::testing;
using ekiden::testing::test::Tasks;

namespace {

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::string exchange(const std::string& text) const {
    REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
    std::string back(text.size(), '\0');
    std::size_t have = 0;
    while (have < back.size()) {
      const ssize_t got = ::recv(fd_, back.data() + have, back.size() - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    return back.substr(0, have);
  }

 private:
  const int fd_;
};

std::uint16_t port_of(const Plugin& echo) {
  const std::string line = echo.logs().at(0).text;
  return static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
}

}  // namespace

TEST_CASE("a server answers while the clock stands still, and while it is turned") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Options options;
  options.workers = workers;
  Harness harness(options);
  const auto library = std::filesystem::path(EKIDEN_BUILT_PLUGINS) / "echo.so";
  auto echo = harness.load(library, R"({"listen":"127.0.0.1:0"})");
  auto other = harness.open();
  Tasks tasks(harness, other);
  int ticks = 0;
  tasks.at(tasks.type("ticker"), harness.now_ns() + EKD_NS_PER_S, [&](ekd_cx& cx) {
    ticks++;
    return cx.now_ns + EKD_NS_PER_S;
  });
  {
    const Client client(port_of(echo));
    for (int i = 0; i < 20; i++) {
      CHECK(client.exchange("round " + std::to_string(i)) == "round " + std::to_string(i));
      harness.advance(1s);
      CHECK(ticks == i + 1);
    }
    CHECK(echo.holdings().descriptors == 2);
  }
  CHECK(harness.eventually([&] { return echo.holdings().descriptors == 1; }));
  const Unloaded unloaded = echo.unload();
  CHECK(unloaded.clean());
  CHECK(unloaded.cancelled.size() == 1);
}
