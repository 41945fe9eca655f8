// Many connections to echo at once, driven by one epoll loop: each sends random bytes, reads them
// back, compares every one, and ends its stream.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {

// The same random bytes in every run.
std::string_view random_bytes(std::size_t offset, std::size_t size);

struct EchoOutcome {
  std::size_t completed = 0;   // connections that got all back, and the end of the stream
  std::uint64_t compared = 0;  // bytes
  std::vector<std::string> errors;
};

// Opens all connections first and then moves the bytes, so that they are open at the same time.
EchoOutcome run_echo_load(const std::string& address, std::size_t connections,
                          std::size_t bytes_each, std::chrono::milliseconds limit);

// Clients that keep sending and comparing, and connect again whenever the server has gone.
class EchoNoise {
 public:
  explicit EchoNoise(unsigned clients);
  ~EchoNoise();
  EchoNoise(const EchoNoise&) = delete;
  EchoNoise& operator=(const EchoNoise&) = delete;

  // Where to connect from now on.
  void aim(const std::string& address);
  std::uint64_t round_trips() const { return round_trips_; }
  std::uint64_t wrong_bytes() const { return wrong_bytes_; }

 private:
  void run();
  void talk(std::uint16_t port);

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> round_trips_{0};
  std::atomic<std::uint64_t> wrong_bytes_{0};
  std::vector<std::thread> threads_;
};

}  // namespace ekiden::integration
