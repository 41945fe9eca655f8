// oneshot: a channel for one message.
//
//   auto [tx, rx] = oneshot::channel<Answer>();
//   spawn(ask(std::move(tx))).detach();
//   Answer answer = co_await rx;
#pragma once

#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/state_wait.hpp>
#include <ekiden/sdk/task.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

// Sender and receiver meet in one word. Each side writes what the other reads before it sets its
// bit (release), and reads what the other wrote after it has seen that bit (acquire):
//
//   the sender:   value_    then kSent | kSenderGone, unless kClosed is set   then wakes receiver_
//   the receiver: receiver_ then kWaits, unless the sender was there          then takes value_
//
// Either the sender's step finds kWaits, and wakes; or the receiver's finds kSenderGone, and does
// not wait. A sender that finds kClosed has published nothing and takes its value back.
template <class T>
class OneshotState final : public Counted<OneshotState<T>> {
 public:
  OneshotState() : Counted<OneshotState<T>>(2) {}  // a sender's and a receiver's

  // Moves from `value` where the receiver is there, and only then.
  bool send(T& value) {
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kClosed) != 0) return false;
    value_.emplace(std::move(value));
    while ((state & kClosed) == 0) {
      if (state_.compare_exchange_weak(state, state | kSent | kSenderGone,
                                       std::memory_order_acq_rel, std::memory_order_acquire)) {
        wake_receiver(state);
        return true;
      }
    }
    std::destroy_at(&value);
    std::construct_at(&value, std::move(*value_));
    value_.reset();
    return false;
  }
  void sender_goes() noexcept {
    wake_receiver(state_.fetch_or(kSenderGone, std::memory_order_acq_rel));
  }

  // The receiver wants nothing any more; what has been sent stays.
  void close() noexcept {
    const std::uint32_t before = state_.fetch_or(kClosed, std::memory_order_acq_rel);
    wake_receiver(before);
    if ((before & kWatched) != 0) closers_.wake_all(mutex_);
  }
  // The receiver goes, and with it what it did not take.
  void receiver_goes() noexcept {
    // A sender that has gone does not ask whether it is closed.
    if ((state_.load(std::memory_order_acquire) & kSenderGone) == 0) close();
    take();
  }
  bool is_closed() const noexcept {
    return (state_.load(std::memory_order_acquire) & kClosed) != 0;
  }

  // A task of the sender's side. False: it is closed already.
  bool wait_for_close(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!waiter.linked) closers_.add(waiter, waker);
    // Behind the lock, close() looks for kWatched after it has set kClosed.
    if ((state_.fetch_or(kWatched, std::memory_order_acq_rel) & kClosed) == 0) return true;
    closers_.remove(waiter);
    return false;
  }
  void stop_waiting_for_close(ChannelWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    closers_.remove(waiter);
  }

  // The receiver. True: there is a message, or none will come. Else `waker` is woken when that is
  // so.
  bool look(ekd_waker waker) noexcept {
    const std::uint32_t state = state_.load(std::memory_order_acquire);
    if ((state & kOver) != 0) return true;
    if ((state & kWaits) != 0) {
      if (receiver_ == waker) return false;
      if ((stop_waiting() & kOver) != 0) return true;
    }
    receiver_ = waker;
    return (state_.fetch_or(kWaits, std::memory_order_acq_rel) & kOver) != 0;
  }
  // Returns what the state was.
  std::uint32_t stop_waiting() noexcept {
    return state_.fetch_and(~kWaits, std::memory_order_acq_rel);
  }
  TryReceived<T> take() {
    const std::uint32_t state = state_.load(std::memory_order_acquire);
    if ((state & kSent) == 0 || !value_) return TryReceived<T>::nothing((state & kOver) != 0);
    auto got = TryReceived<T>::message(std::move(*value_));
    value_.reset();
    return got;
  }

 private:
  static constexpr std::uint32_t kSent = 1;
  static constexpr std::uint32_t kSenderGone = 2;
  static constexpr std::uint32_t kClosed = 4;
  static constexpr std::uint32_t kWaits = 8;     // the receiver, with receiver_
  static constexpr std::uint32_t kWatched = 16;  // somebody waits, or has waited, for kClosed
  static constexpr std::uint32_t kOver = kSenderGone | kClosed;

  void wake_receiver(std::uint32_t before) noexcept {
    if ((before & kWaits) != 0 && (before & kOver) == 0) WakeTask()(receiver_);
  }

  std::atomic<std::uint32_t> state_{0};
  ekd_waker receiver_ = 0;
  std::optional<T> value_;
  std::mutex mutex_;
  ChannelWaiters closers_;  // under the lock
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
    if (state_) state_->receiver_goes();
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
  using Shared = detail::Ref<detail::OneshotState<T>>;
  auto* const state = new detail::OneshotState<T>();
  return {Sender<T>(Shared::adopt(state)), Receiver<T>(Shared::adopt(state))};
}

}  // namespace oneshot

EKIDEN_SDK_END
