// What the threads that work for a client may know of it: whether it is still there, and how much
// progress it has not read yet. Any thread; it outlives the connection where a request does.
#pragma once

#include <cstddef>

#include "daemon/control/limits.hpp"
#include "runtime/base/atomic.hpp"

namespace ekiden::daemon::control {

class ClientLink {
 public:
  // relaxed, all of them: the flag and the sum publish nothing but themselves, and whoever asks a
  // moment too early asks again.
  bool is_gone() const { return gone_.load(std::memory_order_relaxed); }
  void set_gone() { gone_.store(true, std::memory_order_relaxed); }

  // Takes room for a progress event of so many bytes. False: the client reads too slowly.
  bool take_room(std::size_t bytes) {
    const std::size_t before = unread_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= kProgressUnreadBytes) return true;
    give_room(bytes);
    return false;
  }
  // It has been written.
  void give_room(std::size_t bytes) { unread_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  runtime::Atomic<bool> gone_{false};
  runtime::Atomic<std::size_t> unread_{0};
};

}  // namespace ekiden::daemon::control
