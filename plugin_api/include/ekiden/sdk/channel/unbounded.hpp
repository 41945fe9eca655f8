// mpsc without a bound: sending never waits, and allocates. For few messages, or where something
// else bounds them.
//
//   auto [tx, rx] = mpsc::unbounded<Event>();
//   tx.send(event);
//   while (auto event = co_await rx.recv()) …
#pragma once

#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/sender_handle.hpp>
#include <ekiden/sdk/channel/state_wait.hpp>
#include <ekiden/sdk/task.hpp>

#include <algorithm>
#include <deque>
#include <vector>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class UnboundedState final : public Counted<UnboundedState<T>> {
 public:
  // [any] Moves from `value` where it is open, and only then.
  bool send(T& value) {
    ekd_waker waker = 0;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      inbox_.push_back(std::move(value));
      size_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a number for people
      waker = std::exchange(receiver_, 0);
    }
    if (waker != 0) WakeTask()(waker);
    return true;
  }
  void close() noexcept {
    ekd_waker waker = 0;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true)) return;
      waker = std::exchange(receiver_, 0);
    }
    if (waker != 0) WakeTask()(waker);
    closers_.wake_all(mutex_);
  }
  bool is_closed() const noexcept {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  void remove_sender() noexcept {
    // acq_rel: the close comes behind all that the others have sent.
    if (senders_.fetch_sub(1, std::memory_order_acq_rel) == 1) close();
  }
  bool wait_for_close(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !waiter.linked) closers_.add(waiter, waker);
    return !closed_;
  }
  void stop_waiting_for_close(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    closers_.remove(waiter);
  }

  // --- The receiver ---
  enum class Look : std::uint8_t { kMessage, kNone, kEnded };
  // waker: woken when that changes; 0: only looks.
  Look look(ekd_waker waker) noexcept {
    if (!outbox_.empty()) return Look::kMessage;
    const std::lock_guard lock(mutex_);
    outbox_.swap(inbox_);
    if (!outbox_.empty()) return Look::kMessage;
    if (closed_) return Look::kEnded;
    receiver_ = waker;
    return Look::kNone;
  }
  T& next() { return outbox_.front(); }
  void pop() noexcept {
    outbox_.pop_front();
    size_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: a number for people
  }
  void stop_waiting() noexcept {
    const std::lock_guard lock(mutex_);
    receiver_ = 0;
  }

 private:
  std::atomic<std::uint32_t> senders_{1};
  std::atomic<std::size_t> size_{0};

  mutable std::mutex mutex_;
  std::deque<T> inbox_;
  ekd_waker receiver_ = 0;  // 0: it does not wait
  ChannelWaiters closers_;
  bool closed_ = false;

  // The receiver's: it takes all that there is at once.
  std::deque<T> outbox_;
};

template <class T>
struct UnboundedClosedOp {
  UnboundedState<T>* state;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return !state->wait_for_close(waiter, waker);
  }
  void result(ChannelWaiter&) const noexcept {}
  void cancel(ChannelWaiter& waiter) noexcept { state->stop_waiting_for_close(waiter); }
};

template <class T>
struct UnboundedRecvOp {
  UnboundedState<T>* state;
  bool is_there = false;
  bool waits = false;

  bool ready(ChannelWaiter&, ekd_waker waker) noexcept {
    const auto look = state->look(waker);
    is_there = look == UnboundedState<T>::Look::kMessage;
    waits = look == UnboundedState<T>::Look::kNone;
    return !waits;
  }
  std::optional<T> result(ChannelWaiter&) {
    if (!is_there) return std::nullopt;
    std::optional<T> got(std::move(state->next()));
    state->pop();
    return got;
  }
  void cancel(ChannelWaiter&) noexcept {
    if (waits) state->stop_waiting();
  }
};

template <class T>
struct UnboundedRecvManyOp {
  UnboundedState<T>* state;
  std::vector<T>* into;
  std::size_t max;
  UnboundedRecvOp<T> one{state};

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return max == 0 || one.ready(waiter, waker);
  }
  std::size_t result(ChannelWaiter&) {
    std::size_t count = 0;
    while (one.is_there && count < max && state->look(0) == UnboundedState<T>::Look::kMessage) {
      into->push_back(std::move(state->next()));
      state->pop();
      ++count;
    }
    return count;
  }
  void cancel(ChannelWaiter& waiter) noexcept { one.cancel(waiter); }
};

}  // namespace detail

namespace mpsc {

// As Sender, but that sending never waits.
template <class T>
class UnboundedSender : public detail::SenderHandle<detail::UnboundedState<T>> {
 public:
  using detail::SenderHandle<detail::UnboundedState<T>>::SenderHandle;

  // [any] Throws Closed (the value is destroyed; try_send gives it back), std::bad_alloc.
  void send(T value) const {
    if (!this->state()->send(value))
      throw Closed("the channel is closed: nobody receives what is sent");
  }
  // [any] Where it is closed the answer has the value. Throws std::bad_alloc.
  TrySent<T> try_send(T value) const {
    if (this->state()->send(value)) return TrySent<T>::sent();
    return TrySent<T>::refused(std::move(value), /*closed=*/true);
  }
  // co_await: until the receiver is gone or has closed. Cancellation-safe.
  detail::StateWait<detail::UnboundedClosedOp<T>> closed() const { return {{this->state()}}; }
  // [any]
  bool is_closed() const noexcept { return this->state()->is_closed(); }
};

// As Receiver.
template <class T>
class UnboundedReceiver {
 public:
  // The SDK's own.
  explicit UnboundedReceiver(detail::Ref<detail::UnboundedState<T>> state) noexcept
      : state_(std::move(state)) {}
  UnboundedReceiver(UnboundedReceiver&&) noexcept = default;
  UnboundedReceiver& operator=(UnboundedReceiver&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~UnboundedReceiver() { reset(); }
  // As its destruction.
  void reset() noexcept {
    if (!state_) return;
    close();
    while (state_->look(0) == detail::UnboundedState<T>::Look::kMessage)
      state_->pop();
    state_.reset();
  }

  // co_await: the next message; empty where none will come. Cancellation-safe: an aborted receive
  // has taken nothing.
  detail::StateWait<detail::UnboundedRecvOp<T>> recv() {
    return {detail::UnboundedRecvOp<T>{state_.get()}};
  }
  // co_await: as Receiver::recv_many. Cancellation-safe.
  detail::StateWait<detail::UnboundedRecvManyOp<T>> recv_many(std::vector<T>& into,
                                                              std::size_t max) {
    return {detail::UnboundedRecvManyOp<T>{state_.get(), &into, max}};
  }
  // [one thread at a time]
  TryReceived<T> try_recv() {
    const auto look = state_->look(0);
    using Look = typename detail::UnboundedState<T>::Look;
    if (look != Look::kMessage) return TryReceived<T>::nothing(look == Look::kEnded);
    auto got = TryReceived<T>::message(std::move(state_->next()));
    state_->pop();
    return got;
  }
  // [one thread at a time] Moves what is there, up to `max` messages. How many.
  std::size_t drain(std::vector<T>& into, std::size_t max = ~std::size_t{0}) {
    std::size_t count = 0;
    while (count < max && state_->look(0) == detail::UnboundedState<T>::Look::kMessage) {
      into.push_back(std::move(state_->next()));
      state_->pop();
      ++count;
    }
    return count;
  }
  // [any] Takes no more messages in; those that are in it are still to be received.
  void close() noexcept { state_->close(); }
  // [any]
  bool is_closed() const noexcept { return state_->is_closed(); }
  std::size_t size() const noexcept { return state_->size(); }
  bool is_empty() const noexcept { return size() == 0; }

 private:
  detail::Ref<detail::UnboundedState<T>> state_;
};

template <class T>
struct UnboundedEnds {
  UnboundedSender<T> sender;
  UnboundedReceiver<T> receiver;
};

// [any]
template <class T>
UnboundedEnds<T> unbounded() {
  const detail::Ref<detail::UnboundedState<T>> state(new detail::UnboundedState<T>());
  return {UnboundedSender<T>(state), UnboundedReceiver<T>(state)};
}

}  // namespace mpsc

EKIDEN_SDK_END
