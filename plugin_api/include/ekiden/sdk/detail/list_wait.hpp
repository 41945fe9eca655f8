// A leaf wait with one entry in a WaitList: what the waits of the synchronization have in common.
#pragma once

#include <ekiden/sdk/detail/wait.hpp>
#include <ekiden/sdk/detail/wait_list.hpp>

EKIDEN_SDK_BEGIN

namespace detail {

// The derived class's destructor takes the entry out of its list, and hands on what it was granted.
class ListWait : public Wait {
 public:
  bool begin() noexcept override { return spend() && poll(); }
  bool poll() noexcept override {
    switch (waiter_.look()) {
      case Waiter::State::kOut:
        return ask(waiter_, waker());
      case Waiter::State::kWaiting:
        return false;
      default:
        return true;
    }
  }

 protected:
  explicit ListWait(std::uint64_t value) : waiter_(value) {}
  ListWait(ListWait&& other) noexcept : Wait(std::move(other)), waiter_(other.waiter_.value) {}
  ~ListWait() = default;

  Waiter& waiter() noexcept { return waiter_; }
  // In result(). True: what it was granted is the caller's now.
  bool take() noexcept { return waiter_.take() == Waiter::State::kGranted; }

 private:
  // The first try. True: it has its answer. False: it is in the list.
  virtual bool ask(Waiter& waiter, ekd_waker waker) noexcept = 0;

  Waiter waiter_;
};

}  // namespace detail

EKIDEN_SDK_END
