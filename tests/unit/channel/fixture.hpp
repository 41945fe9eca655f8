// What tests of channels share: a target that remembers whom it woke, and calls that answer in one
// word.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/mutex.hpp"
#include "runtime/channel/channels.hpp"

namespace ekiden::runtime::test {

inline Waker task_waker(std::uint32_t index) { return Waker(HandleKind::kTask, index, 1); }

class WakeLog final : public WakeTarget {
 public:
  void wake(Waker waker) noexcept override {
    MutexLock lock(mutex_);
    woken_.push_back(waker.index());
  }
  // The indices of the tasks that were woken since the last look, in order.
  std::vector<std::uint32_t> take() {
    MutexLock lock(mutex_);
    return std::exchange(woken_, {});
  }

 private:
  Mutex mutex_;
  std::vector<std::uint32_t> woken_ EKIDEN_GUARDED_BY(mutex_);
};

using Woken = std::vector<std::uint32_t>;

inline constexpr OwnerId kMe = 3;
inline constexpr OwnerId kOther = 4;

struct Fixture {
  WakeLog log;
  Channels channels{log};

  BufferTable& buffers() { return channels.buffers(); }

  // A null handle where it was refused.
  Handle open(HandleKind kind, std::uint32_t capacity, const char* name = "c",
              OwnerId owner = kMe) {
    Handle end;
    const OpenFault fault = channels.open(owner, kind, name, capacity, end);
    return fault == OpenFault::kNone ? end : Handle();
  }
  Handle sender(std::uint32_t capacity = 0, OwnerId owner = kMe) {
    return open(HandleKind::kSender, capacity, "c", owner);
  }
  Handle receiver(std::uint32_t capacity = 0, OwnerId owner = kMe) {
    return open(HandleKind::kReceiver, capacity, "c", owner);
  }
  OpenFault fault(HandleKind kind, const std::string& name, std::uint32_t capacity) {
    Handle end;
    return channels.open(kMe, kind, name, capacity, end);
  }

  // A buffer whose first byte is `value`.
  Handle buffer(std::uint8_t value, std::uint64_t size = 1, OwnerId owner = kMe) {
    Handle made;
    BufferView view;
    if (buffers().allocate(owner, size, made, view) != Status::kOk) return {};
    if (size > 0) view.data[0] = static_cast<std::byte>(value);
    return made;
  }

  // Sends a new buffer; one that was not taken is released. Task 0: merely asks.
  Status send(Handle sender, std::uint8_t value, std::uint32_t task = 0, std::uint64_t size = 1,
              OwnerId owner = kMe) {
    const Handle message = buffer(value, size, owner);
    const Waker waker = task != 0 ? task_waker(task) : Waker();
    const Status status = channels.send_poll(owner, sender, message, size, waker);
    if (status != Status::kOk) buffers().release(owner, message);
    return status;
  }

  static constexpr int kPendingValue = -1;
  static constexpr int kClosedValue = -2;
  static constexpr int kRefusedValue = -3;

  // The first byte of the message that it receives and releases, or why there was none.
  int receive(Handle receiver, std::uint32_t task = 0, OwnerId owner = kMe) {
    Handle message;
    const Waker waker = task != 0 ? task_waker(task) : Waker();
    const Status status = channels.receive_poll(owner, receiver, waker, message);
    if (status == Status::kPending) return kPendingValue;
    if (status == Status::kClosed) return kClosedValue;
    BufferView view;
    if (status != Status::kOk || buffers().view(owner, message, view) != Status::kOk) {
      return kRefusedValue;
    }
    const int value = view.size > 0 ? static_cast<int>(view.data[0]) : 0;
    buffers().release(owner, message);
    return value;
  }

  ChannelInfo info(Handle end, OwnerId owner = kMe) {
    ChannelInfo info;
    channels.info(owner, end, info);
    return info;
  }
  std::uint64_t held(OwnerId owner) {
    std::uint64_t held = 0;
    for (const auto& [maker, count] : buffers().count_makers(owner))
      held += count;
    return held;
  }
};

}  // namespace ekiden::runtime::test
