#include "runtime/reactor/interrupt_event.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace ekiden::runtime {

namespace {

int make_eventfd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  return fd;
}

}  // namespace

InterruptEvent::InterruptEvent() : fd_(make_eventfd()) {}

InterruptEvent::~InterruptEvent() { close(fd_); }

void InterruptEvent::raise() noexcept {
  if (pending_.exchange(true, std::memory_order_seq_cst)) return;
  if (!blocking_.load(std::memory_order_seq_cst)) return;
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  // It cannot fail for lack of room: that takes 2^64 - 2 writes without a read.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
  errno = saved_errno;
}

bool InterruptEvent::begin_blocking() noexcept {
  blocking_.store(true, std::memory_order_seq_cst);
  return !pending_.load(std::memory_order_seq_cst);
}

void InterruptEvent::end_blocking() noexcept {
  // relaxed: an interrupter that still reads true only makes a write too many.
  blocking_.store(false, std::memory_order_relaxed);
}

void InterruptEvent::drain() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof count);
}

}  // namespace ekiden::runtime
