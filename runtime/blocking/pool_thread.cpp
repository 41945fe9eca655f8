#include "runtime/blocking/pool_thread.hpp"

#include "runtime/base/futex.hpp"

namespace ekiden::runtime {

void PoolParker::prepare() noexcept {
  // relaxed: the pool's lock, under which the thread is then listed as idle, publishes it.
  signalled_.store(0, std::memory_order_relaxed);
}

bool PoolParker::is_signalled() const noexcept {
  // acquire: pairs with the release in signal().
  return signalled_.load(std::memory_order_acquire) != 0;
}

bool PoolParker::wait_for(Nanos for_ns) noexcept {
  const Clock& clock = SystemClock::instance();  // the kernel's, whatever clock the pool was given
  const Nanos end = saturating_add(clock.now_ns(), for_ns);
  while (!is_signalled()) {
    const Nanos now = clock.now_ns();
    if (now >= end) return is_signalled();
    futex_wait_for(signalled_, 0, end - now);
  }
  return true;
}

void PoolParker::wait() noexcept {
  while (!is_signalled())
    futex_wait(signalled_, 0);
}

void PoolParker::signal() noexcept {
  signalled_.store(1, std::memory_order_release);
  futex_wake(signalled_, 1);
}

}  // namespace ekiden::runtime
