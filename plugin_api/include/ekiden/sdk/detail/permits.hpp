// A number of permits, and who waits for how many of them: what Mutex, RwLock, Semaphore and
// OnceCell stand on.
//
// Fair: nobody gets a permit while somebody else waits, and the first in the list gets what it
// wants before the next is looked at. Without waiters, taking and giving back is one atomic
// operation each; with waiters every change is made under the lock.
#pragma once

#include <ekiden/sdk/detail/list_wait.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

class Permits {
 public:
  enum class Try : std::uint8_t { kTaken, kNone, kClosed };

  Permits(const char* what, std::uint64_t count) : word_(count * kOne), list_(what) {}

  // [any]
  Try try_take(std::uint64_t count) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (true) {
      if ((word & kClosed) != 0) return Try::kClosed;
      if ((word & kWaited) != 0 || word / kOne < count) return Try::kNone;
      // acquire: pairs with the releases in add(), hand_out(): sees what was done under the permit.
      if (word_.compare_exchange_weak(word, word - count * kOne, std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return Try::kTaken;
    }
  }

  // True: it has them, or will get none any more. False: it is in the list.
  bool take_or_wait(Waiter& waiter, ekd_waker waker) noexcept {
    Try how = try_take(waiter.value);
    if (how == Try::kNone) {
      list_.serve([&](Wakes&) {
        how = take_or_push(waiter, waker);
        return false;
      });
    }
    if (how == Try::kNone) return false;
    waiter.state.store(how == Try::kTaken ? Waiter::State::kGranted : Waiter::State::kLetGo,
                       std::memory_order_relaxed);  // its own thread reads it
    return true;
  }

  // The waiter goes: it leaves the list, and what it has got and not taken goes to the next.
  void leave(Waiter& waiter) noexcept {
    if (waiter.look() == Waiter::State::kWaiting) {
      list_.serve([&](Wakes& wakes) {
        list_.remove(waiter);
        return hand_out(wakes);
      });
    }
    if (waiter.take() == Waiter::State::kGranted) give(waiter.value);
  }

  // [any]
  void give(std::uint64_t count) noexcept { give_up_to(kNoLimit, count); }
  // [any] False, and nothing is given: there would be more than `limit` of them. count <= limit.
  bool give_up_to(std::uint64_t limit, std::uint64_t count) noexcept {
    Give how = add(count, limit, kWaited);
    if (how == Give::kNotNow) {
      list_.serve([&, this](Wakes& wakes) {
        if (how == Give::kNotNow) how = add(count, limit, 0);
        return hand_out(wakes);
      });
    }
    return how == Give::kGiven;
  }

  // [any] Those who wait go on without, and so does everybody who comes later.
  void close() noexcept {
    list_.serve([this, closed = false](Wakes& wakes) mutable {
      if (!std::exchange(closed, true)) word_.fetch_or(kClosed, std::memory_order_relaxed);
      return hand_out(wakes);
    });
  }

  // [any] As of now.
  bool closed() const noexcept { return (word_.load(std::memory_order_relaxed) & kClosed) != 0; }
  std::uint64_t available() const noexcept { return word_.load(std::memory_order_relaxed) / kOne; }
  const char* what() const noexcept { return list_.what(); }

 private:
  static constexpr std::uint64_t kClosed = 1;
  static constexpr std::uint64_t kWaited = 2;  // somebody is in the list; changed under the lock
  static constexpr std::uint64_t kOne = 4;     // one permit; above it the count
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0} / kOne;

  enum class Give : std::uint8_t { kGiven, kTooMany, kNotNow };

  Give add(std::uint64_t count, std::uint64_t limit, std::uint64_t not_with) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (true) {
      if ((word & not_with) != 0) return Give::kNotNow;
      if (word / kOne > limit - count) return Give::kTooMany;
      // release: pairs with the acquires in try_take(), take_or_push(), hand_out().
      if (word_.compare_exchange_weak(word, word + count * kOne, std::memory_order_release,
                                      std::memory_order_relaxed))
        return Give::kGiven;
    }
  }

  // Under the lock.
  Try take_or_push(Waiter& waiter, ekd_waker waker) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (true) {
      if ((word & kClosed) != 0) return Try::kClosed;
      const bool take = (word & kWaited) == 0 && word / kOne >= waiter.value;
      const std::uint64_t next = take ? word - waiter.value * kOne : word | kWaited;
      // acquire: pairs with the release in add(), as in try_take(). Who gives after kWaited
      // is set comes to the lock.
      if (!word_.compare_exchange_weak(word, next, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        continue;
      if (take) return Try::kTaken;
      list_.push(waiter, waker);
      return Try::kNone;
    }
  }

  // Under the lock. True: `wakes` is full, and there may be more to do.
  bool hand_out(Wakes& wakes) noexcept {
    while (const Waiter* const first = list_.first()) {
      // acquire: pairs with the release in add(): the waiter gets on what came with it.
      const std::uint64_t word = word_.load(std::memory_order_acquire);
      const bool closed = (word & kClosed) != 0;
      if (!closed && word / kOne < first->value) return false;
      if (wakes.full()) return true;
      // relaxed: with kWaited set the count changes under the lock.
      if (!closed) word_.fetch_sub(first->value * kOne, std::memory_order_relaxed);
      list_.answer_first(closed ? Waiter::State::kLetGo : Waiter::State::kGranted, wakes);
    }
    // release: what was given under the lock can be taken without it from here on.
    word_.fetch_and(~kWaited, std::memory_order_release);
    return false;
  }

  std::atomic<std::uint64_t> word_;
  WaitList list_;
};

// What co_await does for all of them; the derived say what it gives.
class PermitWait : public ListWait {
 protected:
  PermitWait(Permits& permits, std::uint64_t count) : ListWait(count), permits_(permits) {}
  PermitWait(PermitWait&&) = default;
  ~PermitWait() { permits_.leave(waiter()); }

  Permits& permits() const noexcept { return permits_; }

 private:
  bool ask(Waiter& waiter, ekd_waker waker) noexcept final {
    return permits_.take_or_wait(waiter, waker);
  }

  Permits& permits_;
};

}  // namespace detail

EKIDEN_SDK_END
