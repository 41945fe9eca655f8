#include "runtime/reactor/deadline_timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

namespace {

int make_timerfd() {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "timerfd_create");
  return fd;
}

}  // namespace

DeadlineTimer::DeadlineTimer() : fd_(make_timerfd()) {}

DeadlineTimer::~DeadlineTimer() { close(fd_); }

void DeadlineTimer::arm(Nanos deadline_ns) noexcept {
  if (armed_ns_.load(std::memory_order_seq_cst) == deadline_ns) return;
  MutexLock lock(mutex_);
  if (armed_ns_.load(std::memory_order_seq_cst) != deadline_ns) set(deadline_ns);
}

void DeadlineTimer::arm_no_later_than(Nanos deadline_ns) noexcept {
  if (armed_ns_.load(std::memory_order_seq_cst) <= deadline_ns) return;
  MutexLock lock(mutex_);
  if (armed_ns_.load(std::memory_order_seq_cst) > deadline_ns) set(deadline_ns);
}

void DeadlineTimer::set(Nanos deadline_ns) noexcept {
  armed_ns_.store(deadline_ns, std::memory_order_seq_cst);
  itimerspec when{};  // all zero disarms
  if (deadline_ns != kNever) {
    const Nanos at = std::max<Nanos>(deadline_ns, 1);  // so that a deadline of 0 does not disarm
    when.it_value.tv_sec = static_cast<time_t>(at / kNanosPerSecond);
    when.it_value.tv_nsec = static_cast<long>(at % kNanosPerSecond);
  }
  EKIDEN_CHECK(timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

bool DeadlineTimer::consume() noexcept {
  MutexLock lock(mutex_);
  std::uint64_t expiries = 0;
  // EAGAIN: it was armed anew after it had expired, which takes the expiry back.
  if (read(fd_, &expiries, sizeof expiries) != sizeof expiries) return false;
  armed_ns_.store(kNever, std::memory_order_seq_cst);
  return true;
}

}  // namespace ekiden::runtime
