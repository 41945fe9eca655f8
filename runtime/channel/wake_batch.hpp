// Wakers that were collected under a lock, to be woken when it is released.
#pragma once

#include <array>
#include <cstddef>

#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

class WakeBatch {
 public:
  bool is_full() const { return count_ == wakers_.size(); }
  // Not where it is full.
  void add(Waker waker) { wakers_[count_++] = waker; }
  void wake_all(WakeTarget& target) const {
    for (std::size_t i = 0; i < count_; ++i)
      target.wake(wakers_[i]);
  }

 private:
  std::array<Waker, 16> wakers_;
  std::size_t count_ = 0;
};

}  // namespace ekiden::runtime
