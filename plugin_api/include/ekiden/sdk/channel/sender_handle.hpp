// What the senders of all channels with many of them have in common.
#pragma once

#include <ekiden/sdk/detail/ref.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

// Counts as a sender of the channel. Copies count too; moved from, it does not.
template <class State>
class SenderHandle {
 public:
  // The SDK's own: it is counted already.
  explicit SenderHandle(Ref<State> state) noexcept : state_(std::move(state)) {}
  SenderHandle(const SenderHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->add_sender();
  }
  SenderHandle(SenderHandle&&) noexcept = default;
  SenderHandle& operator=(SenderHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~SenderHandle() { reset(); }
  // [any] As its destruction.
  void reset() noexcept {
    if (state_) state_->remove_sender();
    state_.reset();
  }

 protected:
  State* state() const noexcept { return state_.get(); }
  const Ref<State>& shared() const noexcept { return state_; }

 private:
  Ref<State> state_;
};

}  // namespace detail

EKIDEN_SDK_END
