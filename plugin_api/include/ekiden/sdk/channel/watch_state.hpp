// What the handles of a watch channel share: the value, how often it was changed, and who waits.
#pragma once

#include <ekiden/sdk/channel/state_wait.hpp>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class WatchState final : public Counted<WatchState<T>> {
 public:
  explicit WatchState(T value) : value_(std::move(value)) {}

  // `change` is called under the lock, and says whether the value counts as changed. False also
  // where nobody watches and `only_watched`; then `change` is not called.
  template <class F>
  bool change(bool only_watched, F change) {
    {
      const std::lock_guard lock(mutex_);
      if (only_watched && receivers_ == 0) return false;
      if (!change(value_)) return false;
      ++version_;
    }
    changes_.wake_all(mutex_);
    return true;
  }
  template <class F>
  decltype(auto) read(F use, std::uint64_t* seen) const {
    const std::lock_guard lock(mutex_);
    if (seen != nullptr) *seen = version_;
    return use(value_);
  }
  std::uint64_t version() const noexcept {
    const std::lock_guard lock(mutex_);
    return version_;
  }

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  void remove_sender() noexcept {
    // acq_rel: the end comes behind all that the others have sent.
    if (senders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    {
      const std::lock_guard lock(mutex_);
      senders_gone_ = true;
    }
    changes_.wake_all(mutex_);
  }
  // Returns the version that it counts as having seen.
  std::uint64_t add_receiver() noexcept {
    const std::lock_guard lock(mutex_);
    ++receivers_;
    return version_;
  }
  void remove_receiver() noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (--receivers_ != 0) return;
    }
    unwatched_.wake_all(mutex_);
  }
  std::size_t receivers() const noexcept {
    const std::lock_guard lock(mutex_);
    return receivers_;
  }
  bool is_ended() const noexcept {
    const std::lock_guard lock(mutex_);
    return senders_gone_;
  }

  // True: the value is not the one that was seen (`changed`), or it is the last.
  bool wait_for_change(std::uint64_t& seen, bool& changed, ChannelWaiter& waiter,
                       ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    changed = seen != version_;
    if (changed || senders_gone_) return true;
    if (!waiter.linked) changes_.add(waiter, waker);
    return false;
  }
  void stop_waiting_for_change(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    changes_.remove(waiter);
  }
  // True: nobody watches.
  bool wait_unwatched(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (receivers_ == 0) return true;
    if (!waiter.linked) unwatched_.add(waiter, waker);
    return false;
  }
  void stop_waiting_unwatched(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    unwatched_.remove(waiter);
  }

 private:
  std::atomic<std::uint32_t> senders_{1};

  mutable std::mutex mutex_;
  T value_;
  std::uint64_t version_ = 0;
  std::size_t receivers_ = 0;
  bool senders_gone_ = false;
  ChannelWaiters changes_;
  ChannelWaiters unwatched_;
};

template <class T>
struct WatchChangedOp {
  WatchState<T>* state;
  std::uint64_t* seen;
  bool changed = false;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return state->wait_for_change(*seen, changed, waiter, waker);
  }
  bool result(ChannelWaiter&) noexcept {
    if (changed) *seen = state->version();
    return changed;
  }
  void cancel(ChannelWaiter& waiter) noexcept {
    if (waiter.waker != 0) state->stop_waiting_for_change(waiter);
  }
};

template <class T>
struct WatchClosedOp {
  WatchState<T>* state;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return state->wait_unwatched(waiter, waker);
  }
  void result(ChannelWaiter&) const noexcept {}
  void cancel(ChannelWaiter& waiter) noexcept {
    if (waiter.waker != 0) state->stop_waiting_unwatched(waiter);
  }
};

}  // namespace detail

EKIDEN_SDK_END
