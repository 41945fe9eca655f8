// broadcast: each message goes to every receiver, as a copy. The newest `capacity` messages are
// kept; a receiver that is slower than that is told how many it has lost, and goes on.
//
//   auto [tx, rx] = broadcast::channel<Event>(256);
//   auto other = tx.subscribe();        // gets what is sent from now on
//   tx.send(event);
//   try { auto event = co_await rx.recv(); … } catch (const Lagged& lag) { lag.lost(); }
//
// T is copied under the channel's lock: the copy must not use the same channel.
#pragma once

#include <ekiden/sdk/channel/broadcast_state.hpp>
#include <ekiden/sdk/channel/sender_handle.hpp>
#include <ekiden/sdk/task.hpp>

EKIDEN_SDK_BEGIN

namespace broadcast {

// Move-only (resubscribe() makes another); used by one task at a time. It stays where it is while
// it is awaited.
template <class T>
class Receiver {
 public:
  // The SDK's own.
  explicit Receiver(detail::Ref<detail::BroadcastState<T>> state) noexcept
      : state_(std::move(state)), next_(state_->add_receiver()) {}
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::move(other.state_);
      next_ = other.next_;
    }
    return *this;
  }
  ~Receiver() { reset(); }
  // As its destruction.
  void reset() noexcept {
    if (state_) state_->remove_receiver(next_);
    state_.reset();
  }

  // co_await: the next message, as a std::optional; empty where all senders are gone and all was
  // received. Throws Lagged where messages were overwritten that it had not received.
  // Cancellation-safe: an aborted receive has taken nothing.
  detail::StateWait<detail::BroadcastRecvOp<T>> recv() {
    return {detail::BroadcastRecvOp<T>{state_.get(), &next_}};
  }
  // [one thread at a time] Throws Lagged.
  TryReceived<T> try_recv() { return state_->take(next_); }
  // [any] Another receiver, for what is sent from now on.
  Receiver resubscribe() const { return Receiver(state_); }
  // Messages that were sent and not received here, with those that are lost.
  std::uint64_t size() const noexcept { return state_->pending(next_); }
  bool is_empty() const noexcept { return size() == 0; }

 private:
  detail::Ref<detail::BroadcastState<T>> state_;
  std::uint64_t next_;
};

// Copies send to the same receivers. When the last is gone the channel ends.
template <class T>
class Sender : public detail::SenderHandle<detail::BroadcastState<T>> {
 public:
  using detail::SenderHandle<detail::BroadcastState<T>>::SenderHandle;

  // [any] Never waits. To how many receivers it goes. Throws Closed where there is none (the value
  // is destroyed; try_send gives it back).
  std::size_t send(T value) const {
    const std::size_t receivers = this->state()->send(value);
    if (receivers == 0) throw Closed("nobody receives from the broadcast channel");
    return receivers;
  }
  // [any] Where there is no receiver the answer has the value. There may be one later.
  TrySent<T> try_send(T value) const {
    if (this->state()->send(value) != 0) return TrySent<T>::sent();
    return TrySent<T>::refused(std::move(value), /*closed=*/true);
  }
  // [any] A receiver for what is sent from now on.
  Receiver<T> subscribe() const { return Receiver<T>(this->shared()); }
  // [any]
  std::size_t receivers() const noexcept { return this->state()->receivers(); }
};

template <class T>
struct Ends {
  Sender<T> sender;
  Receiver<T> receiver;
};

// [any] Throws Error (EKD_E_INVALID) where the capacity is not 1 to 1,048,576 messages; and
// std::bad_alloc: room for all is there from the beginning.
template <class T>
Ends<T> channel(std::size_t capacity) {
  detail::check_capacity(capacity, detail::BroadcastState<T>::kCapacityMax);
  const detail::Ref<detail::BroadcastState<T>> state(new detail::BroadcastState<T>(capacity));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace broadcast

EKIDEN_SDK_END
