// What the handles of a bounded mpmc channel share: a ring under a lock, and two lists.
//
// As long as a sender waits, all free room is promised; as long as a receiver waits, all messages
// are. Whoever changes either under the lock keeps it so, and wakes after it.
#pragma once

#include <ekiden/sdk/channel/state_wait.hpp>

#include <memory>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class MpmcState final : public Counted<MpmcState<T>> {
 public:
  static constexpr std::size_t kCapacityMax = std::size_t{1} << 20;
  enum class Done : std::uint8_t { kDone, kNot, kClosed };

  explicit MpmcState(std::size_t capacity)
      : capacity_(capacity), cells_(new std::optional<T>[capacity]) {}

  // Moves from `value` where it is sent, and only then. waiter: joins the list where there is no
  // room; null: does not wait.
  Done send(T& value, ChannelWaiter* waiter, ekd_waker waker) {
    ekd_waker receiver = 0;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Done::kClosed;
      if (waiter != nullptr && waiter->linked) return Done::kNot;
      const bool promised = waiter != nullptr && waiter->granted;
      if (!promised && size_ + promised_room_ >= capacity_) {
        if (waiter != nullptr) senders_.add(*waiter, waker);
        return Done::kNot;
      }
      cells_[(first_ + size_) % capacity_].emplace(std::move(value));
      ++size_;
      if (promised) {
        waiter->granted = false;
        --promised_room_;
      }
      receiver = promise_message();
    }
    wake(receiver);
    return Done::kDone;
  }
  void stop_sending(ChannelWaiter& waiter) noexcept {
    ekd_waker next = 0;
    {
      const std::lock_guard lock(mutex_);
      senders_.remove(waiter);
      if (std::exchange(waiter.granted, false)) {
        --promised_room_;
        next = promise_room();
      }
    }
    wake(next);
  }

  // kDone: a message is promised to the waiter: take it, or stop_receiving. waker: the waiter joins
  // the list where there is none; 0: does not wait.
  Done find(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (waiter.granted) return Done::kDone;
    if (waiter.linked) return Done::kNot;
    if (size_ > promised_messages_) {
      ++promised_messages_;
      waiter.granted = true;
      return Done::kDone;
    }
    if (closed_) return Done::kClosed;
    if (waker != 0) receivers_.add(waiter, waker);
    return Done::kNot;
  }
  T take(ChannelWaiter& waiter) {
    ekd_waker sender = 0;
    std::optional<T> got;
    {
      const std::lock_guard lock(mutex_);
      std::optional<T>& cell = cells_[first_];
      got.emplace(std::move(*cell));
      cell.reset();
      first_ = (first_ + 1) % capacity_;
      --size_;
      --promised_messages_;
      waiter.granted = false;
      sender = promise_room();
    }
    wake(sender);
    return std::move(*got);
  }
  void stop_receiving(ChannelWaiter& waiter) noexcept {
    ekd_waker next = 0;
    {
      const std::lock_guard lock(mutex_);
      receivers_.remove(waiter);
      if (std::exchange(waiter.granted, false)) {
        --promised_messages_;
        next = promise_message();
      }
    }
    wake(next);
  }

  void close() noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true)) return;
    }
    receivers_.wake_all(mutex_);
    senders_.wake_all(mutex_);
  }
  void add_sender() noexcept { sender_count_.fetch_add(1, std::memory_order_relaxed); }
  void add_receiver() noexcept { receiver_count_.fetch_add(1, std::memory_order_relaxed); }
  void remove_sender() noexcept {
    // acq_rel, both: the close comes behind all that the others have done.
    if (sender_count_.fetch_sub(1, std::memory_order_acq_rel) == 1) close();
  }
  void remove_receiver() noexcept {
    if (receiver_count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    close();
    ChannelWaiter waiter;
    while (find(waiter, 0) == Done::kDone)
      take(waiter);
  }

  bool is_closed() const noexcept {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t size() const noexcept {
    const std::lock_guard lock(mutex_);
    return size_;
  }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  // Under the lock. The waker of who is promised something; 0: nobody waits, or there is nothing.
  ekd_waker promise_message() noexcept {
    if (receivers_.empty() || size_ == promised_messages_) return 0;
    ++promised_messages_;
    return receivers_.take_first(/*granted=*/true);
  }
  ekd_waker promise_room() noexcept {
    if (senders_.empty() || size_ + promised_room_ >= capacity_) return 0;
    ++promised_room_;
    return senders_.take_first(/*granted=*/true);
  }
  static void wake(ekd_waker waker) noexcept {
    if (waker != 0) WakeTask()(waker);
  }

  const std::size_t capacity_;
  std::atomic<std::uint32_t> sender_count_{1};
  std::atomic<std::uint32_t> receiver_count_{1};

  mutable std::mutex mutex_;
  const std::unique_ptr<std::optional<T>[]> cells_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t promised_room_ = 0;
  std::size_t promised_messages_ = 0;
  bool closed_ = false;
  ChannelWaiters senders_;
  ChannelWaiters receivers_;
};

template <class T>
struct MpmcSendOp {
  using State = MpmcState<T>;
  State* state;
  T value;
  typename State::Done done = State::Done::kNot;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    done = state->send(value, &waiter, waker);
    return done != State::Done::kNot;
  }
  void result(ChannelWaiter&) const {
    if (done == State::Done::kClosed)
      throw Closed("the channel is closed: nobody receives what is sent to it");
  }
  void cancel(ChannelWaiter& waiter) noexcept {
    if (waiter.waker != 0) state->stop_sending(waiter);
  }
};

template <class T>
struct MpmcRecvOp {
  using State = MpmcState<T>;
  State* state;
  typename State::Done done = State::Done::kNot;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    done = state->find(waiter, waker);
    return done != State::Done::kNot;
  }
  std::optional<T> result(ChannelWaiter& waiter) {
    if (done != State::Done::kDone) return std::nullopt;
    return std::optional<T>(state->take(waiter));
  }
  void cancel(ChannelWaiter& waiter) noexcept {
    // Without a waker it was in no list, and `granted` is its own.
    if (waiter.waker != 0 || waiter.granted) state->stop_receiving(waiter);
  }
};

}  // namespace detail

EKIDEN_SDK_END
