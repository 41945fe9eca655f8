// mpsc: a bounded channel of many senders and one receiver.
//
//   auto [tx, rx] = mpsc::channel<Job>(1024);
//   co_await tx.send(job);                      // waits for room
//   while (auto job = co_await rx.recv()) …     // ends when all senders are gone, or after close()
//
// Messages of one sender come in the order in which it sent them. Waiting senders get room in the
// order in which they came; newcomers do not overtake them. A message is in the channel until it is
// received; those that nobody received are destroyed with the channel.
//
// A handle outlives what is awaited through it, until that is suspended; where the last handle of a
// side goes while something is suspended, that ends as with a closed channel. T moves without
// throwing.
#pragma once

#include <ekiden/sdk/channel/mpsc_waits.hpp>
#include <ekiden/sdk/channel/result.hpp>
#include <ekiden/sdk/channel/sender_handle.hpp>
#include <ekiden/sdk/task.hpp>

#include <thread>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class MpscReserveWait;

}  // namespace detail

namespace mpsc {

// Room for one message. Move-only; unused, the room goes to the next. It may outlive the senders,
// and still sends after close(): the receiver waits for it.
template <class T>
class Permit {
 public:
  // The SDK's own: the room is reserved.
  explicit Permit(detail::Ref<detail::MpscState<T>> state) noexcept : state_(std::move(state)) {}
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      release();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Permit() { release(); }

  // It was not used yet.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  // [any] Never waits. Where the receiver is gone the message is destroyed with the channel. Throws
  // Error (EKD_E_WRONG_STATE) where the permit was used already.
  void send(T value) {
    if (!state_) throw Error(EKD_E_WRONG_STATE, "the permit was used already");
    state_->ring.send_reserved(value, detail::WakeTask());
    state_.reset();
  }
  // [any] Gives the room back.
  void release() noexcept {
    if (!state_) return;
    state_->ring.release_reserved(detail::WakeTask());
    state_.reset();
  }

 private:
  detail::Ref<detail::MpscState<T>> state_;
};

// Copies send to the same channel; it closes when the last is gone. Each may be used on any thread,
// by several at a time but for assignment.
template <class T>
class Sender : public detail::SenderHandle<detail::MpscState<T>> {
 public:
  using detail::SenderHandle<detail::MpscState<T>>::SenderHandle;

  // co_await: sends, when there is room. Throws Closed where the receiver is gone or has closed;
  // then the value is destroyed (to keep it: reserve() first, or try_send). Cancellation-safe: an
  // aborted send has sent nothing and lost its place among those who wait.
  detail::MpscSendWait<T> send(T value) const { return {this->state(), std::move(value)}; }
  // co_await: a Permit, when there is room. Throws Closed. Cancellation-safe.
  detail::MpscReserveWait<T> reserve() const { return detail::MpscReserveWait<T>(this->state()); }
  // [any] Sends where there is room and nobody waits for it. Else the answer has the value.
  TrySent<T> try_send(T value) const noexcept {
    const detail::Room room = this->state()->ring.send(value, detail::WakeTask());
    if (room == detail::Room::kRoom) return TrySent<T>::sent();
    return TrySent<T>::refused(std::move(value), room == detail::Room::kClosed);
  }
  // [any] A permit, where there is room and nobody waits for it; else none (is_closed() tells).
  std::optional<Permit<T>> try_reserve() const noexcept {
    if (this->state()->ring.reserve() != detail::Room::kRoom) return std::nullopt;
    return Permit<T>(this->shared());
  }
  // co_await: until the receiver is gone or has closed. Cancellation-safe.
  detail::StateWait<detail::MpscClosedOp<T>> closed() const { return {{this->state()}}; }

  // [any]
  bool is_closed() const noexcept { return this->state()->ring.is_closed(); }
  // [any] Messages that could be sent without waiting, at some moment; and how many at most.
  std::size_t capacity() const noexcept { return this->state()->ring.room(); }
  std::size_t max_capacity() const noexcept { return this->state()->ring.capacity(); }
};

// Used by one task at a time; close() by any thread. Destroying it closes the channel and destroys
// what is in it.
template <class T>
class Receiver {
 public:
  // The SDK's own.
  explicit Receiver(detail::Ref<detail::MpscState<T>> state) noexcept : state_(std::move(state)) {}
  Receiver(Receiver&&) noexcept = default;
  Receiver& operator=(Receiver&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Receiver() { reset(); }
  // As its destruction.
  void reset() noexcept {
    if (!state_) return;
    close();
    while (try_recv()) {
    }
    state_.reset();
  }

  // co_await: the next message, as a std::optional; empty where none will come. Cancellation-safe:
  // an aborted receive has taken nothing.
  detail::MpscRecvWait<T> recv() { return detail::MpscRecvWait<T>(state_.get()); }
  // co_await: moves up to `max` messages that are there into `into`, behind what it has, and waits
  // for the first. How many; 0 where none will come, or max is 0. `into` may allocate.
  // Cancellation-safe.
  detail::MpscRecvManyWait<T> recv_many(std::vector<T>& into, std::size_t max) {
    return {state_.get(), into, max};
  }
  // [one thread at a time]
  TryReceived<T> try_recv() noexcept {
    detail::Found found = state_->ring.find();
    // A message that was sent before this call may be behind one that is being written.
    for (; found == detail::Found::kBusy; found = state_->ring.find())
      std::this_thread::yield();
    if (found != detail::Found::kMessage)
      return TryReceived<T>::nothing(found == detail::Found::kEnded);
    auto got = TryReceived<T>::message(state_->ring.take());
    state_->message_taken(nullptr);
    return got;
  }
  // [one thread at a time] Moves what is there, up to `max` messages. How many.
  std::size_t drain(std::vector<T>& into, std::size_t max = ~std::size_t{0}) {
    std::size_t count = 0;
    for (; count < max; ++count) {
      detail::make_room(into);
      auto got = try_recv();
      if (!got) break;
      into.push_back(std::move(*got));
    }
    return count;
  }

  // [any] Takes no more messages in; those that are in it, and permits, are still to be received.
  void close() noexcept { state_->close(); }
  // [any] Nothing more is taken in: closed, or all senders are gone.
  bool is_closed() const noexcept { return state_->ring.is_closed(); }
  // [any] Messages that are in it, at some moment.
  std::size_t size() const noexcept { return state_->ring.size(); }
  bool is_empty() const noexcept { return size() == 0; }
  std::size_t capacity() const noexcept { return state_->ring.room(); }
  std::size_t max_capacity() const noexcept { return state_->ring.capacity(); }

 private:
  detail::Ref<detail::MpscState<T>> state_;
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
  detail::check_capacity(capacity, detail::MpscRing<T>::kCapacityMax);
  const detail::Ref<detail::MpscState<T>> state(new detail::MpscState<T>(capacity));
  return {Sender<T>(state), Receiver<T>(state)};
}

}  // namespace mpsc

namespace detail {

template <class T>
class MpscReserveWait final : public MpscRoomWait<T> {
 public:
  explicit MpscReserveWait(MpscState<T>* state) : MpscRoomWait<T>(state) {}
  MpscReserveWait(MpscReserveWait&&) = default;
  ~MpscReserveWait() {
    // Got without being in the list, and not taken.
    if (is_reserved_) this->state().ring.release_reserved(WakeTask());
  }

  bool begin() noexcept override { return this->spend() && try_first(); }
  bool poll() noexcept override {
    if (!this->waits()) return try_first();
    room_ = this->ask();
    return room_ != Room::kFull;
  }
  mpsc::Permit<T> result() {
    Ref<MpscState<T>> state(&this->state());
    this->settled();
    is_reserved_ = false;
    if (room_ == Room::kClosed) throw_closed();
    return mpsc::Permit<T>(std::move(state));
  }

 private:
  bool try_first() noexcept {
    room_ = this->state().ring.reserve();
    if (room_ == Room::kFull) room_ = this->wait();
    is_reserved_ = room_ == Room::kRoom;
    return room_ != Room::kFull;
  }

  Room room_ = Room::kFull;
  bool is_reserved_ = false;
};

}  // namespace detail

EKIDEN_SDK_END
