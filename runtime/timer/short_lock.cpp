#include "runtime/timer/short_lock.hpp"

#include <ctime>

namespace ekiden::runtime {

namespace {

// One pause is 10 to 45 ns, so this is a few microseconds: longer than a full batch takes.
constexpr int kSpins = 100;
// The kernel adds its timer slack of about 50 µs.
constexpr long kSleepNs = 20'000;

}  // namespace

void ShortLock::lock_slow() noexcept {
  int spins = 0;
  for (;;) {
    // relaxed: only a look, to leave the cache line shared while somebody holds the lock.
    if (!held_.load(std::memory_order_relaxed) &&
        !held_.exchange(true, std::memory_order_acquire)) {
      return;
    }
    if (++spins <= kSpins) {
      cpu_relax();
      continue;
    }
    const timespec step{0, kSleepNs};
    nanosleep(&step, nullptr);
  }
}

}  // namespace ekiden::runtime
