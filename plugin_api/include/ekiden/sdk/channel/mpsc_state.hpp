// What the handles of a bounded mpsc channel share.
#pragma once

#include <ekiden/sdk/channel/waiters.hpp>
#include <ekiden/sdk/detail/mpsc_ring.hpp>
#include <ekiden/sdk/detail/ref.hpp>
#include <ekiden/sdk/detail/wait.hpp>

#include <algorithm>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class MpscState final : public Counted<MpscState<T>>, public AfterPoll {
 public:
  explicit MpscState(std::size_t capacity)
      : ring(capacity),
        settle_every_(
            static_cast<std::uint32_t>(std::clamp<std::size_t>(capacity / 4, 1, kSettleEveryMax))) {
  }

  MpscRing<T> ring;

  // [any] Senders.
  void add_sender() noexcept {
    // relaxed: who copies a sender has one.
    senders_.fetch_add(1, std::memory_order_relaxed);
  }
  void remove_sender() noexcept {
    // acq_rel: the close comes behind all that the others have sent.
    if (senders_.fetch_sub(1, std::memory_order_acq_rel) == 1) close();
  }
  // [any]
  void close() noexcept {
    if (ring.close(WakeTask())) closers_.wake_all(closers_lock_);
  }
  // [any] False: it is closed, so there is nothing to wait for.
  bool wait_for_close(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(closers_lock_);
    // close() takes the lock after it has closed the ring.
    if (ring.is_closed()) return false;
    if (!waiter.linked) closers_.add(waiter, waker);
    return true;
  }
  void stop_waiting_for_close(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(closers_lock_);
    closers_.remove(waiter);
  }

  // The receiver, after each message that it has taken. Waiting senders get the room after a part
  // of the ring is free, or at the end of the poll: it costs one change of the senders' word then,
  // and a sender that is woken finds room for many.
  // turn: of the task that is polled, to which the caller belongs; null: it is no task.
  [[gnu::always_inline]] void message_taken(Turn* turn) noexcept {
    if (turn == nullptr || ++unsettled_ >= settle_every_ || !settles_after(*turn)) {
      unsettled_ = 0;
      settle();
    }
  }

 private:
  // Enough for a wake to be worth it, and few enough not to starve senders of a small ring.
  static constexpr std::size_t kSettleEveryMax = 32;

  [[gnu::noinline]] void settle() noexcept {
    if (ring.owes_room()) ring.hand_over(WakeTask());
  }
  [[gnu::always_inline]] bool settles_after(Turn& turn) noexcept {
    // acquire: pairs with the release in poll_ended(): then the link is ours again. It equals
    // `turn` only where this thread has stored it.
    Turn* const owing = owing_.load(std::memory_order_acquire);
    if (owing == &turn) [[likely]]
      return true;
    // The receiver went from one task to another while the first is still polled.
    if (owing != nullptr) return false;
    owing_.store(&turn, std::memory_order_relaxed);  // relaxed: for this thread
    this->retain();
    next = turn.afterwards;
    turn.afterwards = this;
    return true;
  }
  void poll_ended() noexcept override {
    owing_.store(nullptr, std::memory_order_release);  // pairs with the acquire above
    settle();
    this->release();
  }

  const std::uint32_t settle_every_;

  // The receiver's.
  std::uint32_t unsettled_ = 0;
  std::atomic<Turn*> owing_{nullptr};  // the poll at whose end the room is handed over

  alignas(64) std::atomic<std::uint32_t> senders_{1};
  std::mutex closers_lock_;
  ChannelWaiters closers_;
};

}  // namespace detail

EKIDEN_SDK_END
