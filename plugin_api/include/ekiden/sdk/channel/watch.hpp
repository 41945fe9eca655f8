// watch: one value that is changed now and then; receivers see the newest, not each.
//
//   auto [tx, rx] = watch::channel<Config>(initial);
//   while (bool changed = co_await rx.changed()) apply(rx.get_and_mark());
//
// What is called with the value (with, modify, wait_for) runs under the channel's lock, and must
// not use the same channel; nor must a copy of T.
#pragma once

#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/sender_handle.hpp>
#include <ekiden/sdk/channel/watch_state.hpp>
#include <ekiden/sdk/task.hpp>

#include <optional>

EKIDEN_SDK_BEGIN

namespace watch {

// Copies watch on their own. Used by one task at a time. It stays where it is while
// it is awaited.
template <class T>
class Receiver {
 public:
  // The SDK's own.
  explicit Receiver(detail::Ref<detail::WatchState<T>> state) noexcept
      : state_(std::move(state)), seen_(state_->add_receiver()) {}
  // The copy has seen what this one has.
  Receiver(const Receiver& other) noexcept : state_(other.state_), seen_(other.seen_) {
    if (state_) state_->add_receiver();
  }
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver other) noexcept {
    std::swap(state_, other.state_);
    std::swap(seen_, other.seen_);
    return *this;
  }
  ~Receiver() { reset(); }
  // As its destruction.
  void reset() noexcept {
    if (state_) state_->remove_receiver();
    state_.reset();
  }

  // co_await: true when there is a value that this receiver has not seen; it counts as seen then.
  // False: all senders are gone, and it has seen the last. Cancellation-safe: a change that was not
  // told yet is told to the next.
  detail::StateWait<detail::WatchChangedOp<T>> changed() {
    return {detail::WatchChangedOp<T>{state_.get(), &seen_}};
  }
  // Until the value is one for which `matches` says true; a copy of it, seen. The value that is
  // there is looked at first. Empty where all senders are gone before. The receiver outlives the
  // task. Cancellation-safe.
  template <class F>
  Task<std::optional<T>> wait_for(F matches) {
    for (bool more = true; more; more = co_await changed()) {
      auto found = state_->read(
          [&](const T& value) { return matches(value) ? std::optional<T>(value) : std::nullopt; },
          &seen_);
      if (found) co_return found;
    }
    co_return std::nullopt;
  }

  // [any] A copy of the value.
  T get() const {
    return state_->read([](const T& value) { return value; }, nullptr);
  }
  // The same; it counts as seen.
  T get_and_mark() {
    return state_->read([](const T& value) { return value; }, &seen_);
  }
  // [any] What `use` says of the value.
  template <class F>
  auto with(F use) const {
    return state_->read([&](const T& value) { return use(value); }, nullptr);
  }
  // There is a value that it has not seen.
  bool has_changed() const noexcept { return state_->version() != seen_; }
  // The value counts as not seen.
  void mark_changed() noexcept { seen_ = ~std::uint64_t{0}; }
  // [any] All senders are gone.
  bool is_closed() const noexcept { return state_->is_ended(); }

 private:
  detail::Ref<detail::WatchState<T>> state_;
  std::uint64_t seen_;
};

template <class T>
class Sender : public detail::SenderHandle<detail::WatchState<T>> {
 public:
  using detail::SenderHandle<detail::WatchState<T>>::SenderHandle;

  // [any] Throws Closed where nobody watches; then the value is not changed (try_send gives the new
  // one back).
  void send(T value) const {
    if (!try_send(std::move(value))) throw Closed("nobody watches the value");
  }
  // [any] Where nobody watches the answer has the value, and nothing was changed.
  TrySent<T> try_send(T value) const {
    const bool sent = this->state()->change(/*only_watched=*/true, [&](T& held) {
      std::swap(held, value);
      return true;
    });
    return sent ? TrySent<T>::sent() : TrySent<T>::refused(std::move(value), /*closed=*/true);
  }
  // [any] Changes the value in any case, and gives the former one.
  T replace(T value) const {
    this->state()->change(/*only_watched=*/false, [&](T& held) {
      std::swap(held, value);
      return true;
    });
    return value;
  }
  // [any] `modify` changes the value in place.
  template <class F>
  void modify(F modify) const {
    this->state()->change(/*only_watched=*/false, [&](T& held) {
      modify(held);
      return true;
    });
  }
  // [any] The same, where `modify` says whether receivers are to be told. Returns that.
  template <class F>
  bool modify_if(F modify) const {
    return this->state()->change(/*only_watched=*/false,
                                 [&](T& held) -> bool { return modify(held); });
  }
  // [any] A copy of the value.
  T get() const {
    return this->state()->read([](const T& value) { return value; }, nullptr);
  }
  // [any] Another receiver; the value that is there counts as seen.
  Receiver<T> subscribe() const { return Receiver<T>(this->shared()); }
  // co_await: until nobody watches. Cancellation-safe.
  detail::StateWait<detail::WatchClosedOp<T>> closed() const { return {{this->state()}}; }
  // [any] Nobody watches now.
  bool is_closed() const noexcept { return this->state()->receivers() == 0; }
  std::size_t receivers() const noexcept { return this->state()->receivers(); }
};

template <class T>
struct Ends {
  Sender<T> sender;
  Receiver<T> receiver;
};

// [any] The first value counts as seen.
template <class T>
Ends<T> channel(T value) {
  const detail::Ref<detail::WatchState<T>> state(new detail::WatchState<T>(std::move(value)));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace watch

EKIDEN_SDK_END
