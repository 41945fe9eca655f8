// SHA-256 (FIPS 180-4), by libcrypto. One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace ekiden::daemon {

class Sha256 {
 public:
  Sha256();  // throws std::runtime_error where the library refuses the algorithm
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const std::byte> bytes);
  // 64 hexadecimal digits in lower case. Last call.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace ekiden::daemon
