#include "tests/stress/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace ekiden::runtime::stress {

namespace {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
constexpr double kSecondsByDefault = 12;
#else
constexpr double kSecondsByDefault = 20;
#endif
#else
constexpr double kSecondsByDefault = 20;
#endif

std::uint64_t choose_seed() {
  const char* text = std::getenv("EKIDEN_STRESS_SEED");
  std::random_device device;
  const std::uint64_t chosen =
      text != nullptr ? std::strtoull(text, nullptr, 0) : std::uint64_t{device()} << 32 | device();
  std::printf("EKIDEN_STRESS_SEED=%llu\n", static_cast<unsigned long long>(chosen));
  std::fflush(stdout);
  return chosen;
}

}  // namespace

std::chrono::milliseconds total_time() {
  const char* text = std::getenv("EKIDEN_STRESS_SECONDS");
  const double seconds = text != nullptr ? std::strtod(text, nullptr) : kSecondsByDefault;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::uint64_t seed() {
  static const std::uint64_t chosen = choose_seed();
  return chosen;
}

Deadline::Deadline(double share)
    : at_(std::chrono::steady_clock::now() +
          std::chrono::duration_cast<std::chrono::milliseconds>(total_time() * share)) {}

}  // namespace ekiden::runtime::stress
