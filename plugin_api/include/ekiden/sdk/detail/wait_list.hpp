// Who waits for a primitive: one list, in which the first that came is served first.
//
// Its entries lie in the frames of the coroutines that wait, so that waiting allocates nothing.
// What a waiter gets is written into its entry: then it is out of the list, and the frame may be
// gone at once, for its task may look at any time. So the waker is copied before, and the wakes are
// sent when the lock is free again. A primitive may be destroyed as soon as its last waiter has got
// what it waited for: the destructor lets whoever serves it come out first.
#pragma once

#include <ekiden/sdk/host.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

EKIDEN_SDK_BEGIN

namespace detail {

// For a use that leaves nothing to go on with.
[[noreturn]] inline void die(const char* what, const char* why) noexcept {
  std::fprintf(stderr, "ekiden: %s %s\n", what, why);
  std::abort();
}

//   kOut ── push ──> kWaiting ── answer ──> kGranted, kLetGo ── the waiter takes it ──> kOut
//     ^                  │
//     └───── remove ─────┘
struct Waiter {
  enum class State : std::uint8_t {
    kOut,      // not asked yet, or what it got has been taken
    kWaiting,  // in the list
    kGranted,  // has something that must be handed on where it is not taken
    kLetGo,    // goes on with nothing in hand: all were let go, or the primitive is closed
  };

  explicit Waiter(std::uint64_t number) : value(number) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // By the waiter's own task.
  State look() const noexcept {
    // acquire: pairs with the release in WaitList::answer_first().
    return state.load(std::memory_order_acquire);
  }
  // Gives what it has got to the caller, who owns it now.
  State take() noexcept {
    const State got = look();
    state.store(State::kOut, std::memory_order_relaxed);  // its own thread reads it
    return got;
  }

  std::uint64_t value;  // how many it wants, or the round that it waits in
  ekd_waker waker = 0;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  std::atomic<State> state{State::kOut};
};

// Wakes that are sent when the lock is free again.
class Wakes {
 public:
  bool full() const noexcept { return count_ == wakers_.size(); }
  void add(ekd_waker waker) noexcept { wakers_[count_++] = waker; }
  void send() noexcept {
    for (unsigned i = 0; i < count_; ++i)
      bound.task->wake(wakers_[i]);
    count_ = 0;
  }

 private:
  std::array<ekd_waker, 16> wakers_;
  unsigned count_ = 0;
};

class WaitList {
 public:
  // `what` it belongs to, with its article: a literal, for the message of the destructor.
  explicit WaitList(const char* what) : what_(what) {}
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  // Ends the process, and says why, where somebody waits.
  ~WaitList() {
    std::unique_lock lock(mutex_);
    while (serving_ != 0) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
    if (first_ != nullptr) die(what_, "was destroyed while a task waits for it");
  }

  const char* what() const noexcept { return what_; }

  // [any] Calls `step(wakes)` under the lock until it answers false; true: `wakes` is full, and
  // there is more to do. Touches nothing of this object after the last unlock.
  template <class Step>
  void serve(Step step) noexcept {
    Wakes wakes;
    std::unique_lock lock(mutex_);
    while (step(wakes)) {
      ++serving_;
      lock.unlock();
      wakes.send();
      lock.lock();
      --serving_;
    }
    lock.unlock();
    wakes.send();
  }

  // --- Within a step
  // ------------------------------------------------------------------------------

  Waiter* first() const noexcept { return first_; }

  void push(Waiter& waiter, ekd_waker waker) noexcept {
    waiter.waker = waker;
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
    waiter.state.store(Waiter::State::kWaiting, std::memory_order_relaxed);  // under the lock
  }

  // False: it is in the list no more, for it has got its answer.
  bool remove(Waiter& waiter) noexcept {
    // relaxed: changed under the lock while it is in the list.
    if (waiter.state.load(std::memory_order_relaxed) != Waiter::State::kWaiting) return false;
    unlink(waiter);
    waiter.state.store(Waiter::State::kOut, std::memory_order_relaxed);
    return true;
  }

  // `wakes` has room.
  void answer_first(Waiter::State answer, Wakes& wakes) noexcept {
    Waiter& waiter = *first_;
    unlink(waiter);
    wakes.add(waiter.waker);
    // release: pairs with the acquire in Waiter::look(). The entry may be gone from here on.
    waiter.state.store(answer, std::memory_order_release);
  }

  // Lets those go who wait in another round than this; newer ones are behind older ones. True:
  // `wakes` is full, so there may be more.
  bool let_go_older(std::uint64_t round, Wakes& wakes) noexcept {
    while (!wakes.full() && first_ != nullptr && first_->value != round)
      answer_first(Waiter::State::kLetGo, wakes);
    return wakes.full();
  }

 private:
  void unlink(Waiter& waiter) noexcept {
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
  }

  const char* const what_;
  std::mutex mutex_;
  // Under it.
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  unsigned serving_ = 0;  // threads that send wakes and come back
};

}  // namespace detail

EKIDEN_SDK_END
