// oneshot: a channel for one message.
//
//   auto [tx, rx] = oneshot::channel<Answer>();
//   spawn(ask(std::move(tx))).detach();
//   Answer answer = co_await rx;
#pragma once

#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/state_wait.hpp>
#include <ekiden/sdk/task.hpp>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class OneshotState final : public Counted<OneshotState<T>> {
 public:
  // Moves from `value` where the receiver is there, and only then.
  bool send(T& value) {
    ekd_waker waker = 0;
    {
      const std::lock_guard lock(mutex_);
      if (receiver_closed_) return false;
      value_.emplace(std::move(value));
      sender_gone_ = true;
      waker = std::exchange(receiver_, 0);
    }
    if (waker != 0) WakeTask()(waker);
    return true;
  }
  void sender_goes() noexcept {
    ekd_waker waker = 0;
    {
      const std::lock_guard lock(mutex_);
      sender_gone_ = true;
      waker = std::exchange(receiver_, 0);
    }
    if (waker != 0) WakeTask()(waker);
  }
  // The receiver wants nothing any more; what has been sent stays.
  void close() noexcept {
    ekd_waker receiver = 0;
    {
      const std::lock_guard lock(mutex_);
      receiver_closed_ = true;
      receiver = std::exchange(receiver_, 0);
    }
    if (receiver != 0) WakeTask()(receiver);
    closers_.wake_all(mutex_);
  }
  bool is_closed() const noexcept {
    const std::lock_guard lock(mutex_);
    return receiver_closed_;
  }
  bool wait_for_close(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!receiver_closed_ && !waiter.linked) closers_.add(waiter, waker);
    return !receiver_closed_;
  }
  void stop_waiting_for_close(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    closers_.remove(waiter);
  }

  // True: there is a message, or none will come. waker: woken when that is so; 0: only looks.
  bool look(ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (value_ || sender_gone_ || receiver_closed_) return true;
    receiver_ = waker;
    return false;
  }
  void stop_waiting() noexcept {
    const std::lock_guard lock(mutex_);
    receiver_ = 0;
  }
  TryReceived<T> take() {
    const std::lock_guard lock(mutex_);
    if (!value_) return TryReceived<T>::nothing(sender_gone_ || receiver_closed_);
    auto got = TryReceived<T>::message(std::move(*value_));
    value_.reset();
    return got;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<T> value_;
  ekd_waker receiver_ = 0;  // 0: it does not wait
  ChannelWaiters closers_;
  bool sender_gone_ = false;
  bool receiver_closed_ = false;
};

template <class T>
struct OneshotRecvOp {
  OneshotState<T>* state;
  bool waits = false;

  bool ready(ChannelWaiter&, ekd_waker waker) noexcept {
    waits = !state->look(waker);
    return !waits;
  }
  T result(ChannelWaiter&) {
    auto got = state->take();
    if (!got) throw Closed("the sender of a oneshot channel has gone without a message");
    return std::move(*got);
  }
  void cancel(ChannelWaiter&) noexcept {
    if (waits) state->stop_waiting();
  }
};

template <class T>
struct OneshotClosedOp {
  OneshotState<T>* state;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return !state->wait_for_close(waiter, waker);
  }
  void result(ChannelWaiter&) const noexcept {}
  void cancel(ChannelWaiter& waiter) noexcept { state->stop_waiting_for_close(waiter); }
};

}  // namespace detail

namespace oneshot {

// Sends once. Move-only; without a message, its end is told to the receiver.
template <class T>
class Sender {
 public:
  // The SDK's own.
  explicit Sender(detail::Ref<detail::OneshotState<T>> state) noexcept : state_(std::move(state)) {}
  Sender(Sender&&) noexcept = default;
  Sender& operator=(Sender&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Sender() { reset(); }
  // [any] As its destruction.
  void reset() noexcept {
    if (state_) state_->sender_goes();
    state_.reset();
  }

  // It can still send.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  // [any] Never waits, and uses the sender up. Where the receiver is gone or has closed, the answer
  // has the value. Throws Error (EKD_E_WRONG_STATE) where it has sent already.
  TrySent<T> send(T value) {
    if (!state_) throw Error(EKD_E_WRONG_STATE, "a oneshot sender sends once");
    const detail::Ref<detail::OneshotState<T>> state = std::move(state_);
    if (state->send(value)) return TrySent<T>::sent();
    return TrySent<T>::refused(std::move(value), /*closed=*/true);
  }
  // co_await: until the receiver is gone or has closed: nobody wants the answer any more.
  // Cancellation-safe.
  detail::StateWait<detail::OneshotClosedOp<T>> closed() const { return {{state_.get()}}; }
  // [any]
  bool is_closed() const noexcept { return !state_ || state_->is_closed(); }

 private:
  detail::Ref<detail::OneshotState<T>> state_;
};

// Move-only. Destroying it closes the channel.
template <class T>
class Receiver {
 public:
  // The SDK's own.
  explicit Receiver(detail::Ref<detail::OneshotState<T>> state) noexcept
      : state_(std::move(state)) {}
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Receiver() { reset(); }
  // As its destruction.
  void reset() noexcept {
    if (!state_) return;
    close();
    try_recv();
    state_.reset();
  }

  // co_await, also of the receiver itself: the message. Throws Closed where the sender has gone
  // without one, after close(), and where it was received already. Cancellation-safe: it can be
  // awaited again.
  detail::StateWait<detail::OneshotRecvOp<T>> recv() {
    return {detail::OneshotRecvOp<T>{state_.get()}};
  }
  detail::StateWait<detail::OneshotRecvOp<T>> wait() { return recv(); }
  // [one thread at a time] is_closed() of the answer also where it was received already.
  TryReceived<T> try_recv() { return state_->take(); }
  // [any] A message that was sent before can still be received.
  void close() noexcept { state_->close(); }

 private:
  detail::Ref<detail::OneshotState<T>> state_;
};

template <class T>
struct Ends {
  Sender<T> sender;
  Receiver<T> receiver;
};

// [any]
template <class T>
Ends<T> channel() {
  const detail::Ref<detail::OneshotState<T>> state(new detail::OneshotState<T>());
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace oneshot

EKIDEN_SDK_END
