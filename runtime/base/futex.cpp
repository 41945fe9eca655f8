#include "runtime/base/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace ekiden::runtime {

namespace {

void wait(const Atomic<std::uint32_t>& word, std::uint32_t expected, const timespec* limit) {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  // EAGAIN (another value), EINTR and ETIMEDOUT all mean "look again", which callers do anyway.
  syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected,
          limit, nullptr, 0);
}

}  // namespace

void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  wait(word, expected, nullptr);
}

void futex_wait_for(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                    Nanos for_ns) noexcept {
  timespec limit{};
  limit.tv_sec = static_cast<time_t>(for_ns / kNanosPerSecond);
  limit.tv_nsec = static_cast<long>(for_ns % kNanosPerSecond);
  wait(word, expected, &limit);
}

void futex_wake(const Atomic<std::uint32_t>& word, int count) noexcept {
  syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count,
          nullptr, nullptr, 0);
}

}  // namespace ekiden::runtime
