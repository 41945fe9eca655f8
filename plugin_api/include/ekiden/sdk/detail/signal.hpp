// A flag, and who waits for it: what Notify and Event stand on.
//
// A wait is over when the flag is up, or when all were let go after the wait was made. The word
// counts the latter as rounds, so a wait that is made before a condition is looked at misses
// nothing that happens in between.
#pragma once

#include <ekiden/sdk/detail/list_wait.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

class Signal {
 public:
  enum class Flag : std::uint64_t {
    kStays = 0,  // until it is lowered
    kTaken = 1,  // by the one who goes on for it
  };

  Signal(const char* what, Flag flag, bool up = false)
      : taken_(static_cast<std::uint64_t>(flag)), word_(up ? kUp : 0), list_(what) {}

  // [any] As of now.
  bool up() const noexcept {
    // acquire: pairs with the releases in raise().
    return (word_.load(std::memory_order_acquire) & kUp) != 0;
  }
  // Those that are made before it changes are let go.
  std::uint64_t round() const noexcept {
    // acquire: pairs with the releases in raise(): who finds the new round sees what was done
    // before it, so that a condition which is looked at afterwards is not an older one.
    return word_.load(std::memory_order_acquire) / kRound;
  }

  // [any] The first that waits goes on; where nobody does, the flag goes up.
  void wake_one() noexcept {
    if (raise(kUp, 0)) return;
    list_.serve([this](Wakes& wakes) {
      if (list_.let_go_older(round(), wakes)) return true;
      if (list_.first() != nullptr) {
        list_.answer_first(Waiter::State::kGranted, wakes);
        unless_waited();
      } else {
        unless_waited();
        raise(kUp, 0);
      }
      return false;
    });
  }

  // [any] All that wait go on, and with `stay` the flag goes up for those who come later.
  void wake_all(bool stay) noexcept {
    const std::uint64_t flag = stay ? kUp : 0;
    if (raise(flag, kRound)) return;
    list_.serve([this, flag, raised = false](Wakes& wakes) mutable {
      if (!std::exchange(raised, true)) raise_with_waiters(flag, kRound);
      const bool more = list_.let_go_older(round(), wakes);
      unless_waited();
      return more;
    });
  }

  // [any] False: it was not up.
  bool lower() noexcept {
    // acquire: pairs with the releases in raise(), for who takes it.
    return (word_.fetch_and(~kUp, std::memory_order_acquire) & kUp) != 0;
  }

  // True: it goes on. False: it is in the list.
  bool take_or_wait(Waiter& waiter, ekd_waker waker) noexcept {
    Waiter::State how = look(waiter, 0);
    if (how == Waiter::State::kOut) {
      list_.serve([&, this](Wakes&) {
        how = look(waiter, kWaited);
        if (how == Waiter::State::kOut) list_.push(waiter, waker);
        return false;
      });
    }
    if (how == Waiter::State::kOut) return false;
    waiter.state.store(how, std::memory_order_relaxed);  // its own thread reads it
    return true;
  }

  // The waiter goes: it leaves the list, and what it has got alone and not taken goes to the next.
  void leave(Waiter& waiter) noexcept {
    if (waiter.look() == Waiter::State::kWaiting) {
      list_.serve([&, this](Wakes&) {
        list_.remove(waiter);
        unless_waited();
        return false;
      });
    }
    if (waiter.take() == Waiter::State::kGranted) wake_one();
  }

 private:
  static constexpr std::uint64_t kUp = 1;
  static constexpr std::uint64_t kWaited = 2;  // somebody is in the list; changed under the lock
  static constexpr std::uint64_t kRound = 4;   // above it the rounds

  // False, and nothing is changed: somebody waits.
  bool raise(std::uint64_t flag, std::uint64_t round) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while ((word & kWaited) == 0) {
      // release: pairs with the acquires in look() and up(): who goes on sees what was done before,
      // also where the flag was up already.
      if (word_.compare_exchange_weak(word, (word | flag) + round, std::memory_order_release,
                                      std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  // Under the lock.
  void raise_with_waiters(std::uint64_t flag, std::uint64_t round) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    // release: as in raise().
    while (!word_.compare_exchange_weak(word, (word | flag) + round, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
  }
  void unless_waited() noexcept {
    // relaxed: nothing is handed over by this bit.
    if (list_.first() == nullptr) word_.fetch_and(~kWaited, std::memory_order_relaxed);
  }

  // What the waiter goes on with. kOut: it has to wait, and then `mark` is set.
  Waiter::State look(const Waiter& waiter, std::uint64_t mark) noexcept {
    std::uint64_t word = word_.load(std::memory_order_acquire);
    while (true) {
      if (word / kRound != waiter.value) return Waiter::State::kLetGo;
      const bool up = (word & kUp) != 0;
      const std::uint64_t next = up ? word & ~(taken_ * kUp) : word | mark;
      // acquire, also above: pairs with the releases in raise(), raise_with_waiters().
      if (next == word || word_.compare_exchange_weak(word, next, std::memory_order_acquire,
                                                      std::memory_order_acquire)) {
        if (!up) return Waiter::State::kOut;
        return taken_ != 0 ? Waiter::State::kGranted : Waiter::State::kLetGo;
      }
    }
  }

  const std::uint64_t taken_;
  std::atomic<std::uint64_t> word_;
  WaitList list_;
};

// co_await: goes on when the signal lets it.
class SignalWait final : public ListWait {
 public:
  explicit SignalWait(Signal& signal) : ListWait(signal.round()), signal_(signal) {}
  SignalWait(SignalWait&&) = default;
  ~SignalWait() { signal_.leave(waiter()); }

  void result() noexcept { take(); }

 private:
  bool ask(Waiter& waiter, ekd_waker waker) noexcept override {
    return signal_.take_or_wait(waiter, waker);
  }

  Signal& signal_;
};

}  // namespace detail

EKIDEN_SDK_END
