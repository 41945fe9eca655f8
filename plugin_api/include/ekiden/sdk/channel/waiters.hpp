// Tasks that wait at a channel: a list of nodes that lie in their frames.
#pragma once

#include <ekiden/sdk/host.hpp>

#include <cstdint>
#include <mutex>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

struct WakeTask {
  void operator()(ekd_waker waker) const noexcept { bound.task->wake(waker); }
};

// Under the lock of the list's owner, all of it.
struct ChannelWaiter {
  ChannelWaiter* previous = nullptr;
  ChannelWaiter* next = nullptr;
  ekd_waker waker = 0;
  std::uint64_t round = 0;
  bool linked = false;
  bool granted = false;  // has been promised what it waits for
};

class ChannelWaiters {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void add(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    waiter.waker = waker;
    waiter.round = round_;
    waiter.linked = true;
    waiter.granted = false;
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
  }
  void remove(ChannelWaiter& waiter) noexcept {
    if (!waiter.linked) return;
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
    waiter.linked = false;
  }
  // Takes the first out, to be woken when the lock is free: not by its node, which may be gone by
  // then.
  ekd_waker take_first(bool granted) noexcept {
    ChannelWaiter& waiter = *first_;
    remove(waiter);
    waiter.granted = granted;
    return waiter.waker;
  }

  // Takes the lock. Wakes all that wait now; those that join meanwhile have seen what changed.
  void wake_all(std::mutex& lock) noexcept {
    std::uint64_t last_round = 0;
    bool is_first = true;
    bool again = true;
    while (again) {
      ekd_waker wakers[kAtOnce];
      unsigned count = 0;
      {
        const std::lock_guard guard(lock);
        if (std::exchange(is_first, false)) last_round = round_++;
        while (count < kAtOnce && first_ != nullptr && first_->round <= last_round)
          wakers[count++] = take_first(false);
        again = count == kAtOnce;
      }
      for (unsigned i = 0; i < count; ++i)
        WakeTask()(wakers[i]);
    }
  }

 private:
  static constexpr unsigned kAtOnce = 16;

  ChannelWaiter* first_ = nullptr;
  ChannelWaiter* last_ = nullptr;
  std::uint64_t round_ = 0;
};

inline void wake_if_any(ekd_waker waker) noexcept {
  if (waker != 0) WakeTask()(waker);
}

}  // namespace detail

EKIDEN_SDK_END
