// Time as the runtime sees it: nanoseconds of CLOCK_MONOTONIC, in 64 bits without a sign.
// The clock is injected, so that tests can turn it by hand.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

using Nanos = std::uint64_t;

inline constexpr Nanos kNever = ~Nanos{0};
inline constexpr Nanos kNanosPerMicro = 1'000;
inline constexpr Nanos kNanosPerMilli = 1'000'000;
inline constexpr Nanos kNanosPerSecond = 1'000'000'000;

// Any thread may call now_ns.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanos now_ns() const noexcept = 0;
  // False: it moves only when somebody turns it, so the kernel cannot be asked to wake anybody at a
  // time of it. Whoever turns it then says so (Runtime::clock_changed). Always the same answer.
  virtual bool runs() const noexcept { return true; }
};

class SystemClock final : public Clock {
 public:
  Nanos now_ns() const noexcept override;
  static const SystemClock& instance() noexcept;
};

// A clock that stands still until it is turned. It never goes back.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Nanos start_ns = kNanosPerSecond) : now_ns_(start_ns) {}
  Nanos now_ns() const noexcept override { return now_ns_.load(std::memory_order_acquire); }
  bool runs() const noexcept override { return false; }
  void advance(Nanos by_ns) noexcept { now_ns_.fetch_add(by_ns, std::memory_order_acq_rel); }

 private:
  Atomic<Nanos> now_ns_;
};

// a + b that stops at kNever instead of wrapping.
constexpr Nanos saturating_add(Nanos a, Nanos b) noexcept {
  return a > kNever - b ? kNever : a + b;
}

}  // namespace ekiden::runtime
