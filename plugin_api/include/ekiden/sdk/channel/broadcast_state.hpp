// What the handles of a broadcast channel share: the newest messages, and who waits for the next.
#pragma once

#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/state_wait.hpp>

#include <memory>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class BroadcastState final : public Counted<BroadcastState<T>> {
  static_assert(std::is_nothrow_move_constructible_v<T>);

 public:
  static constexpr std::size_t kCapacityMax = std::size_t{1} << 20;

  explicit BroadcastState(std::size_t capacity) : capacity_(capacity), cells_(new Cell[capacity]) {}

  // How many receivers it goes to. 0: there is none, and nothing was moved from `value`.
  std::size_t send(T& value) {
    std::optional<T> overwritten;  // destroyed without the lock
    std::size_t receivers = 0;
    {
      const std::lock_guard lock(mutex_);
      if (receivers_ == 0) return 0;
      receivers = receivers_;
      Cell& cell = cell_of(tail_);
      take_out(cell, overwritten);
      cell.value.emplace(std::move(value));
      cell.readers = receivers;
      ++tail_;
    }
    waiters_.wake_all(mutex_);
    return receivers;
  }

  // --- Senders, receivers ---
  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  void remove_sender() noexcept {
    // acq_rel: the end comes behind all that the others have sent.
    if (senders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    waiters_.wake_all(mutex_);
  }
  // The position of what it receives first.
  std::uint64_t add_receiver() noexcept {
    const std::lock_guard lock(mutex_);
    ++receivers_;
    return tail_;
  }
  void remove_receiver(std::uint64_t next) noexcept {
    std::uint64_t end = 0;
    {
      const std::lock_guard lock(mutex_);
      --receivers_;
      end = tail_;
    }
    // It counts as a reader of what it has not received.
    for (; next != end; ++next) {
      std::optional<T> last;
      const std::lock_guard lock(mutex_);
      if (next < oldest()) continue;
      Cell& cell = cell_of(next);
      if (--cell.readers == 0) take_out(cell, last);
    }
  }
  std::size_t receivers() const noexcept {
    const std::lock_guard lock(mutex_);
    return receivers_;
  }

  // --- A receiver ---
  // True: there is a message for it, or it lags, or none will come.
  bool look(std::uint64_t next, ChannelWaiter* waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (next != tail_ || closed_) return true;
    if (waiter != nullptr && !waiter->linked) waiters_.add(*waiter, waker);
    return false;
  }
  void stop_waiting(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    waiters_.remove(waiter);
  }
  // Throws Lagged, and what a copy of T throws: then the message is still there.
  TryReceived<T> take(std::uint64_t& next) {
    const std::lock_guard lock(mutex_);
    if (next == tail_) return TryReceived<T>::nothing(closed_);
    const std::uint64_t lost = next < oldest() ? oldest() - next : 0;
    if (lost != 0) {
      next += lost;
      throw Lagged(lost);
    }
    Cell& cell = cell_of(next);
    if (cell.readers != 1) {
      auto got = TryReceived<T>::message(*cell.value);
      --cell.readers;
      ++next;
      return got;
    }
    auto got = TryReceived<T>::message(std::move(*cell.value));
    cell.readers = 0;
    cell.value.reset();
    ++next;
    return got;
  }
  std::uint64_t pending(std::uint64_t next) const noexcept {
    const std::lock_guard lock(mutex_);
    return tail_ - next;
  }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  struct Cell {
    std::optional<T> value;
    std::size_t readers = 0;  // that have not received it
  };

  static void take_out(Cell& cell, std::optional<T>& into) noexcept {
    if (!cell.value) return;
    into.emplace(std::move(*cell.value));
    cell.value.reset();
  }
  std::uint64_t oldest() const noexcept { return tail_ > capacity_ ? tail_ - capacity_ : 0; }
  Cell& cell_of(std::uint64_t at) noexcept { return cells_[at % capacity_]; }

  const std::size_t capacity_;
  std::atomic<std::uint32_t> senders_{1};

  mutable std::mutex mutex_;
  const std::unique_ptr<Cell[]> cells_;
  std::uint64_t tail_ = 0;  // position of the next message
  std::size_t receivers_ = 0;
  bool closed_ = false;
  ChannelWaiters waiters_;
};

template <class T>
struct BroadcastRecvOp {
  BroadcastState<T>* state;
  std::uint64_t* next;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return state->look(*next, &waiter, waker);
  }
  std::optional<T> result(ChannelWaiter&) {
    auto got = state->take(*next);
    if (!got) return std::nullopt;
    return std::optional<T>(std::move(*got));
  }
  void cancel(ChannelWaiter& waiter) noexcept {
    if (waiter.waker != 0) state->stop_waiting(waiter);
  }
};

}  // namespace detail

EKIDEN_SDK_END
