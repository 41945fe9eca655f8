// A wait at a channel whose state is under a lock. An Op says what it is for:
//
//   state                 the channel's, Counted
//   ready(waiter, waker)  true: it is there. Else the waiter is in a list, where it may be already.
//   result(waiter)        what co_await gives
//   cancel(waiter)        takes it out of its list, and hands on what it was granted and has not
//                         used. Also after result().
#pragma once

#include <ekiden/sdk/channel/waiters.hpp>
#include <ekiden/sdk/detail/ref.hpp>
#include <ekiden/sdk/detail/wait.hpp>

#include <type_traits>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

template <class Op>
class StateWait final : public Wait {
  using State = std::remove_pointer_t<decltype(Op::state)>;

 public:
  StateWait(Op op) : op_(std::move(op)) {}  // NOLINT: the channels' own
  StateWait(StateWait&& other) : Wait(std::move(other)), op_(std::move(other.op_)) {}
  ~StateWait() {
    if (begun()) op_.cancel(waiter_);
  }

  bool begin() noexcept override { return spend() && poll(); }
  bool poll() noexcept override {
    if (op_.ready(waiter_, waker())) return true;
    if (!keep_) keep_ = Ref<State>(op_.state);
    return false;
  }
  decltype(auto) result() { return op_.result(waiter_); }

 private:
  Ref<State> keep_;  // while it waits
  Op op_;
  ChannelWaiter waiter_;
};

}  // namespace detail

EKIDEN_SDK_END
