#include "runtime/channel/wait_line.hpp"

#include <utility>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

void WaitLine::wait(ChannelEnd& end, Waker waker, std::uint64_t bytes) {
  EKIDEN_CHECK(end.turn != Turn::kGranted);
  if (end.turn == Turn::kNone) link_behind(last_, end);
  end.waker = waker;
  end.bytes = bytes;
}

void WaitLine::wait_first(ChannelEnd& end, Waker waker, std::uint64_t bytes) {
  leave(end);
  link_behind(nullptr, end);
  end.waker = waker;
  end.bytes = bytes;
}

Waker WaitLine::grant_first() {
  ChannelEnd& end = *first_;
  unlink(end);
  end.turn = Turn::kGranted;
  ++granted_;
  granted_bytes_ += end.bytes;
  return std::exchange(end.waker, Waker());
}

void WaitLine::leave(ChannelEnd& end) {
  if (end.turn == Turn::kWaiting) unlink(end);
  if (end.turn == Turn::kGranted) {
    --granted_;
    granted_bytes_ -= end.bytes;
  }
  end.turn = Turn::kNone;
  end.waker = Waker();
}

Waker WaitLine::dismiss_first() {
  ChannelEnd& end = *first_;
  const Waker waker = end.waker;
  leave(end);
  return waker;
}

// `before` null: as the first one.
void WaitLine::link_behind(ChannelEnd* before, ChannelEnd& end) {
  end.previous = before;
  end.next = before != nullptr ? before->next : first_;
  (before != nullptr ? before->next : first_) = &end;
  (end.next != nullptr ? end.next->previous : last_) = &end;
  end.turn = Turn::kWaiting;
  ++waiting_;
}

void WaitLine::unlink(ChannelEnd& end) {
  (end.previous != nullptr ? end.previous->next : first_) = end.next;
  (end.next != nullptr ? end.next->previous : last_) = end.previous;
  end.next = end.previous = nullptr;
  --waiting_;
}

}  // namespace ekiden::runtime
