// Which descriptors are ready now, whatever edges were reported: poll(2), many at a time. A loop
// that lives on edges asks it about those whose waits began after an edge that may have stood for
// more than one event.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/reactor/readiness.hpp"

namespace ekiden::runtime {

// Used by one thread.
template <class Name>
class LevelCheck {
 public:
  bool is_full() const { return count_ == kAtOnce; }

  // Not when it is full.
  void add(int fd, bool readable, bool writable, Name name) {
    const int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
    fds_[count_] = {fd, static_cast<short>(events), 0};
    names_[count_] = name;
    ++count_;
  }

  // Calls `ready(name, interest)` for each direction that is, and forgets them all. A hang-up, an
  // error and a number that is closed count for every direction that was asked for.
  template <class Ready>
  void ask(Ready&& ready) {
    if (count_ == 0) return;
    const std::size_t count = count_;
    count_ = 0;
    if (::poll(fds_.data(), count, 0) <= 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      const int found = fds_[i].revents;
      if (found == 0) continue;
      const bool broken = (found & (POLLHUP | POLLERR | POLLNVAL)) != 0;
      if ((fds_[i].events & POLLIN) != 0 && (broken || (found & POLLIN) != 0)) {
        ready(names_[i], Interest::kRead);
      }
      if ((fds_[i].events & POLLOUT) != 0 && (broken || (found & POLLOUT) != 0)) {
        ready(names_[i], Interest::kWrite);
      }
    }
  }

 private:
  static constexpr std::size_t kAtOnce = 64;

  std::array<pollfd, kAtOnce> fds_;
  std::array<Name, kAtOnce> names_;
  std::size_t count_ = 0;
};

}  // namespace ekiden::runtime
