#include "runtime/channel/channel.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

bool Channel::begin(std::string name, std::uint32_t capacity) {
  // Not touched before it is used: a channel takes the memory that it needs.
  ring_.reset(new (std::nothrow) Message[capacity]);
  if (ring_ == nullptr) return false;
  info_ = ChannelInfo();
  info_.name = std::move(name);
  info_.capacity = capacity;
  head_ = 0;
  return true;
}

void Channel::end() {
  EKIDEN_CHECK(is_over());
  EKIDEN_CHECK(sending_.is_empty());
  EKIDEN_CHECK(receiving_.is_empty());
  ring_.reset();
  info_ = ChannelInfo();
}

ChannelInfo Channel::info() const {
  ChannelInfo info = info_;
  info.senders_waiting = sending_.waiting();
  info.receivers_waiting = receiving_.waiting();
  return info;
}

void Channel::add_end(HandleKind kind) {
  ++(kind == HandleKind::kSender ? info_.senders : info_.receivers);
}

void Channel::remove_end(ChannelEnd& end, HandleKind kind) {
  line(kind).leave(end);
  --(kind == HandleKind::kSender ? info_.senders : info_.receivers);
}

// --- Sending -----------------------------------------------------------------------------------

bool Channel::has_room(std::uint64_t bytes) const {
  return info_.queued + sending_.granted() < info_.capacity &&
         info_.queued_bytes + sending_.granted_bytes() + bytes <= kChannelQueuedMaxBytes;
}

Status Channel::may_send(const ChannelEnd& end, std::uint64_t bytes) const {
  if (info_.closed) return Status::kClosed;
  bool may = false;
  switch (end.turn) {
    case Turn::kNone:
      may = sending_.is_empty() && has_room(bytes);
      break;
    case Turn::kWaiting:  // with a smaller message than before, perhaps
      may = sending_.first() == &end && has_room(bytes);
      break;
    case Turn::kGranted:  // with a bigger one, perhaps
      may = info_.queued_bytes + sending_.granted_bytes() - end.bytes + bytes <=
            kChannelQueuedMaxBytes;
      break;
  }
  return may ? Status::kOk : Status::kPending;
}

Status Channel::poll_send(ChannelEnd& end, std::uint64_t bytes, Waker waker) {
  const Status status = may_send(end, bytes);
  if (status != Status::kPending || waker.is_null()) return status;
  if (end.turn == Turn::kNone) ++info_.send_waits;
  if (end.turn == Turn::kGranted) {
    sending_.wait_first(end, waker, bytes);
  } else {
    sending_.wait(end, waker, bytes);
  }
  return status;
}

void Channel::push(ChannelEnd& end, BufferReference& message, std::uint64_t bytes) {
  EKIDEN_CHECK(info_.queued < info_.capacity);
  sending_.leave(end);
  ring_[(head_ + info_.queued) % info_.capacity] = {&message, bytes};
  ++info_.queued;
  ++info_.sent;
  info_.queued_bytes += bytes;
  info_.high_water = std::max(info_.high_water, info_.queued);
}

// --- Receiving ---------------------------------------------------------------------------------

Status Channel::may_receive(const ChannelEnd& end) const {
  if (info_.closed) return info_.queued > 0 ? Status::kOk : Status::kClosed;
  if (end.turn == Turn::kGranted) return Status::kOk;
  // While somebody waits, what there is has been granted.
  return receiving_.is_empty() && has_message() ? Status::kOk : Status::kPending;
}

Status Channel::poll_receive(ChannelEnd& end, Waker waker) {
  const Status status = may_receive(end);
  if (status == Status::kPending && !waker.is_null()) receiving_.wait(end, waker, 0);
  return status;
}

void Channel::pop(ChannelEnd& end) {
  EKIDEN_CHECK(info_.queued > 0);
  receiving_.leave(end);
  info_.queued_bytes -= ring_[head_].bytes;
  head_ = (head_ + 1) % info_.capacity;
  --info_.queued;
  ++info_.received;
}

// --- Both --------------------------------------------------------------------------------------

bool Channel::close() { return !std::exchange(info_.closed, true); }

void Channel::dismiss_all(WaitLine& line, WakeBatch& woken) {
  while (!line.is_empty() && !woken.is_full())
    woken.add(line.dismiss_first());
}

void Channel::serve(WakeBatch& woken) {
  if (info_.closed) {
    dismiss_all(sending_, woken);
    dismiss_all(receiving_, woken);
    return;
  }
  while (!sending_.is_empty() && !woken.is_full() && has_room(sending_.first()->bytes))
    woken.add(sending_.grant_first());
  while (!receiving_.is_empty() && !woken.is_full() && has_message())
    woken.add(receiving_.grant_first());
}

}  // namespace ekiden::runtime
