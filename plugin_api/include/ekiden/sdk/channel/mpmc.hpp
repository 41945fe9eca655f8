// mpmc: a bounded channel of many senders and many receivers; each message goes to one of them.
//
//   auto [tx, rx] = mpmc::channel<Job>(64);
//   for (int i = 0; i < 4; ++i) spawn(work(rx));    // each with its copy
//
// Who waits is served in the order of arrival, on both sides, and newcomers do not overtake: room
// and messages are promised to a waiter before it is woken, and go to the next where it is
// cancelled. It closes when the last of a side is gone, or by close(); what is in it then is still
// to be received, and is destroyed with the last receiver.
#pragma once

#include <ekiden/sdk/channel/mpmc_state.hpp>
#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/sender_handle.hpp>
#include <ekiden/sdk/task.hpp>

EKIDEN_SDK_BEGIN

namespace mpmc {

template <class T>
class Sender : public detail::SenderHandle<detail::MpmcState<T>> {
 public:
  using detail::SenderHandle<detail::MpmcState<T>>::SenderHandle;

  // co_await: sends, when there is room. Throws Closed; then the value is destroyed (try_send gives
  // it back). Cancellation-safe: an aborted send has sent nothing.
  detail::StateWait<detail::MpmcSendOp<T>> send(T value) const {
    return {detail::MpmcSendOp<T>{this->state(), std::move(value)}};
  }
  // [any] Sends where there is room and nobody waits for it. Else the answer has the value.
  TrySent<T> try_send(T value) const {
    const auto done = this->state()->send(value, nullptr, 0);
    using Done = typename detail::MpmcState<T>::Done;
    if (done == Done::kDone) return TrySent<T>::sent();
    return TrySent<T>::refused(std::move(value), done == Done::kClosed);
  }
  // [any] No message is taken in any more.
  void close() const noexcept { this->state()->close(); }
  bool is_closed() const noexcept { return this->state()->is_closed(); }
  // [any] Messages that are in it, at some moment; and how many at most.
  std::size_t size() const noexcept { return this->state()->size(); }
  std::size_t max_capacity() const noexcept { return this->state()->capacity(); }
};

template <class T>
class Receiver {
 public:
  // The SDK's own.
  explicit Receiver(detail::Ref<detail::MpmcState<T>> state) noexcept : state_(std::move(state)) {}
  Receiver(const Receiver& other) noexcept : state_(other.state_) {
    if (state_) state_->add_receiver();
  }
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Receiver() { reset(); }
  // [any] As its destruction.
  void reset() noexcept {
    if (state_) state_->remove_receiver();
    state_.reset();
  }

  // co_await: a message, as a std::optional; empty where none will come. Cancellation-safe: an
  // aborted receive has taken nothing.
  detail::StateWait<detail::MpmcRecvOp<T>> recv() const {
    return {detail::MpmcRecvOp<T>{state_.get()}};
  }
  // [any] A message that is there and promised to nobody.
  TryReceived<T> try_recv() const {
    detail::ChannelWaiter waiter;
    using Done = typename detail::MpmcState<T>::Done;
    const Done done = state_->find(waiter, /*waker=*/0);
    if (done == Done::kDone) return TryReceived<T>::message(state_->take(waiter));
    return TryReceived<T>::nothing(done == Done::kClosed);
  }
  // [any] No message is taken in any more.
  void close() const noexcept { state_->close(); }
  bool is_closed() const noexcept { return state_->is_closed(); }
  std::size_t size() const noexcept { return state_->size(); }
  bool is_empty() const noexcept { return size() == 0; }
  std::size_t max_capacity() const noexcept { return state_->capacity(); }

 private:
  detail::Ref<detail::MpmcState<T>> state_;
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
  detail::check_capacity(capacity, detail::MpmcState<T>::kCapacityMax);
  const detail::Ref<detail::MpmcState<T>> state(new detail::MpmcState<T>(capacity));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace mpmc

EKIDEN_SDK_END
