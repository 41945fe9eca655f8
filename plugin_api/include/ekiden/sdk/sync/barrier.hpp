// Barrier: n tasks wait for one another, round by round.
#pragma once

#include <ekiden/sdk/detail/list_wait.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

// Neither moved nor copied. Destroying it while a task waits for it ends the process.
class Barrier {
 public:
  class ArriveWait final : public detail::ListWait {
   public:
    explicit ArriveWait(Barrier& of) : ListWait(0), of_(of) {}
    ArriveWait(ArriveWait&&) = default;
    ~ArriveWait() { of_.leave(waiter()); }

    bool result() noexcept { return take(); }

   private:
    bool ask(detail::Waiter& waiter, ekd_waker waker) noexcept override {
      return of_.arrive(waiter, waker);
    }

    Barrier& of_;
  };

  // Throws Error (EKD_E_INVALID) where `tasks` is 0.
  explicit Barrier(std::uint32_t tasks) : tasks_(tasks) {
    if (tasks == 0) throw Error(EKD_E_INVALID, "a barrier is for one task or more");
  }

  // co_await: goes on when that many tasks have come. True for one of them, the last to come. Then
  // the barrier is as new. Cancellation-safe: who is cancelled before the round is full has not
  // come.
  ArriveWait wait() { return ArriveWait(*this); }

 private:
  using State = detail::Waiter::State;

  bool arrive(detail::Waiter& waiter, ekd_waker waker) noexcept {
    bool last = false;
    list_.serve([&, this, counted = false](detail::Wakes& wakes) mutable {
      if (!std::exchange(counted, true)) {
        if (arrived_ + 1 < tasks_) {
          ++arrived_;
          waiter.value = round_;
          list_.push(waiter, waker);
          return false;
        }
        last = true;
        arrived_ = 0;
        ++round_;
      }
      return list_.let_go_older(round_, wakes);
    });
    if (last) waiter.state.store(State::kGranted, std::memory_order_relaxed);  // read here alone
    return last;
  }

  void leave(detail::Waiter& waiter) noexcept {
    if (waiter.look() != State::kWaiting) return;
    list_.serve([&, this](detail::Wakes&) {
      // Of a round that is full already it has been a part.
      if (list_.remove(waiter) && waiter.value == round_) --arrived_;
      return false;
    });
  }

  const std::uint32_t tasks_;
  detail::WaitList list_{"a Barrier"};
  // Under its lock.
  std::uint32_t arrived_ = 0;
  std::uint64_t round_ = 0;
};

EKIDEN_SDK_END
