// What is awaited at a bounded mpsc channel. A wait that is suspended keeps the channel's state
// alive: where all handles go meanwhile it ends, as with a closed channel.
#pragma once

#include <ekiden/sdk/channel/mpsc_state.hpp>
#include <ekiden/sdk/channel/state_wait.hpp>

#include <optional>
#include <vector>

EKIDEN_SDK_BEGIN

namespace detail {

inline void spin_once() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

[[noreturn]] inline void throw_closed() {
  throw Closed("the channel is closed: nobody receives what is sent to it");
}

// Waits for room, in the order of arrival.
template <class T>
class MpscRoomWait : public Wait {
 protected:
  using Ring = MpscRing<T>;

  explicit MpscRoomWait(MpscState<T>* state) : state_(state) {}
  MpscRoomWait(MpscRoomWait&& other) noexcept : Wait(std::move(other)), state_(other.state_) {}
  [[gnu::always_inline]] ~MpscRoomWait() {
    if (keep_) [[unlikely]]
      leave();
  }

  MpscState<T>& state() const { return *state_; }
  bool waits() const { return static_cast<bool>(keep_); }
  // kFull: the wait goes on; kRoom: there is room reserved.
  Room wait() noexcept {
    waiter_.waker = waker();
    const Room room = state_->ring.add_waiter(waiter_);
    if (room == Room::kFull) keep_ = Ref<MpscState<T>>(state_);
    return room;
  }
  Room ask() noexcept {
    // acquire: pairs with the release in answer_first().
    const auto answer = waiter_.answer.load(std::memory_order_acquire);
    if (answer == Ring::Answer::kNone) return Room::kFull;
    return answer == Ring::Answer::kRoom ? Room::kRoom : Room::kClosed;
  }
  [[gnu::noinline]] void leave() noexcept {
    state_->ring.remove_waiter(waiter_, WakeTask());
    keep_.reset();
  }
  // After the answer, and what it gave has been used.
  void settled() noexcept { keep_.reset(); }

 private:
  MpscState<T>* const state_;
  Ref<MpscState<T>> keep_;  // while it is, or was, in the list
  typename Ring::Waiter waiter_;
};

template <class T>
class MpscSendWait final : public MpscRoomWait<T> {
 public:
  MpscSendWait(MpscState<T>* state, T value) : MpscRoomWait<T>(state), value_(std::move(value)) {}
  MpscSendWait(MpscSendWait&&) = default;

  [[gnu::always_inline]] bool begin() noexcept override { return this->spend() && try_first(); }
  bool poll() noexcept override {
    if (!this->waits()) return try_first();
    room_ = this->ask();
    if (room_ == Room::kFull) return false;
    if (room_ == Room::kRoom) this->state().ring.send_reserved(value_, WakeTask());
    this->settled();
    return true;
  }
  void result() const {
    if (room_ == Room::kClosed) [[unlikely]]
      throw_closed();
  }

 private:
  [[gnu::always_inline]] bool try_first() noexcept {
    room_ = this->state().ring.send(value_, WakeTask());
    return room_ != Room::kFull || join();
  }
  [[gnu::noinline]] bool join() noexcept {
    room_ = this->wait();
    if (room_ == Room::kRoom) this->state().ring.send_reserved(value_, WakeTask());
    return room_ != Room::kFull;
  }

  T value_;
  Room room_ = Room::kFull;
};

template <class T>
class MpscRecvWaitBase : public Wait {
 public:
  [[gnu::always_inline]] bool begin() noexcept override { return spend() && look(); }
  bool poll() noexcept override { return look(); }

 protected:
  explicit MpscRecvWaitBase(MpscState<T>* state) : state_(state) {}
  MpscRecvWaitBase(MpscRecvWaitBase&& other) noexcept
      : Wait(std::move(other)), state_(other.state_) {}
  [[gnu::always_inline]] ~MpscRecvWaitBase() {
    if (keep_) [[unlikely]]
      leave();
  }

  MpscState<T>& state() const { return *state_; }
  bool is_there() const { return found_ == Found::kMessage; }
  [[gnu::always_inline]] T take() noexcept {
    T value = state_->ring.take();
    state_->message_taken(&core().turn());
    return value;
  }

 private:
  [[gnu::noinline]] void leave() noexcept {
    state_->ring.stop_waiting();
    keep_.reset();
  }
  [[gnu::always_inline]] bool look() noexcept {
    found_ = state_->ring.find();
    if (found_ == Found::kMessage) [[likely]]
      return true;
    return look_again();
  }
  // A sender is between its two steps for nanoseconds, unless its thread has lost the processor.
  static constexpr unsigned kSpins = 32;

  [[gnu::noinline]] bool look_again() noexcept {
    for (unsigned spins = 0; found_ != Found::kMessage && found_ != Found::kEnded; ++spins) {
      if (found_ == Found::kNone) {
        if (state_->ring.begin_wait(waker())) {
          if (!keep_) keep_ = Ref<MpscState<T>>(state_);
          return false;
        }
      } else if (spins < kSpins) {
        spin_once();
      } else {
        core().request_yield();
        return false;
      }
      found_ = state_->ring.find();
    }
    return true;
  }

  MpscState<T>* const state_;
  Ref<MpscState<T>> keep_;  // while it waits
  Found found_ = Found::kNone;
};

template <class T>
class MpscRecvWait final : public MpscRecvWaitBase<T> {
 public:
  explicit MpscRecvWait(MpscState<T>* state) : MpscRecvWaitBase<T>(state) {}
  MpscRecvWait(MpscRecvWait&&) = default;

  [[gnu::always_inline]] std::optional<T> result() noexcept {
    if (!this->is_there()) [[unlikely]]
      return std::nullopt;
    return std::optional<T>(this->take());
  }
};

// Room for one more without moving what was taken: a message is taken when it has a place.
template <class T>
void make_room(std::vector<T>& into) {
  if (into.size() == into.capacity()) into.reserve(std::max<std::size_t>(16, 2 * into.capacity()));
}

template <class T>
class MpscRecvManyWait final : public MpscRecvWaitBase<T> {
 public:
  MpscRecvManyWait(MpscState<T>* state, std::vector<T>& into, std::size_t max)
      : MpscRecvWaitBase<T>(state), into_(into), max_(max) {}
  MpscRecvManyWait(MpscRecvManyWait&&) = default;

  bool begin() noexcept override { return max_ == 0 || MpscRecvWaitBase<T>::begin(); }
  bool poll() noexcept override { return MpscRecvWaitBase<T>::poll(); }
  std::size_t result() {
    if (!this->is_there()) return 0;
    std::size_t count = 0;
    do {
      make_room(into_);
      into_.push_back(this->take());
      ++count;
    } while (count < max_ && this->state().ring.find() == Found::kMessage);
    return count;
  }

 private:
  std::vector<T>& into_;
  const std::size_t max_;
};

template <class T>
struct MpscClosedOp {
  MpscState<T>* state;

  bool ready(ChannelWaiter& waiter, ekd_waker waker) noexcept {
    return !state->wait_for_close(waiter, waker);
  }
  void result(ChannelWaiter&) const noexcept {}
  void cancel(ChannelWaiter& waiter) noexcept { state->stop_waiting_for_close(waiter); }
};

}  // namespace detail

EKIDEN_SDK_END
