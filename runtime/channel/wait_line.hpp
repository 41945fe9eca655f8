// Who waits at one side of a channel: first come, first served.
//
//               wait                grant_first
//   kNone ──────────────> kWaiting ──────────────> kGranted
//     ^                     │  ^                     │  │
//     │  leave, dismiss     │  └──── wait_first ─────┘  │  leave: it took its turn, or gave it up
//     └─────────────────────┴───────────────────────────┘
//
// A turn that was granted keeps room (or a message) for its end until that end takes it or leaves:
// nobody who comes later gets in between. The links are in the ends, so waiting allocates nothing.
// Not synchronised: guarded by the lock of the channel.
#pragma once

#include <cstdint>

#include "runtime/channel/channel_end.hpp"

namespace ekiden::runtime {

class WaitLine {
 public:
  bool is_empty() const { return first_ == nullptr; }
  ChannelEnd* first() const { return first_; }
  std::uint32_t waiting() const { return waiting_; }
  std::uint32_t granted() const { return granted_; }
  std::uint64_t granted_bytes() const { return granted_bytes_; }

  // To the end of the line; one that is in it keeps its place. `bytes`: what it needs room for.
  void wait(ChannelEnd& end, Waker waker, std::uint64_t bytes);
  // Its turn does not suffice: it is the first again.
  void wait_first(ChannelEnd& end, Waker waker, std::uint64_t bytes);
  // The first one's turn. Whom to wake for it; the waker is used up.
  [[nodiscard]] Waker grant_first();
  // Out of the line; a turn that it had is nobody's any more. Nothing where it does not wait.
  void leave(ChannelEnd& end);
  // The first one out of the line, without a turn. Whom to wake to tell it.
  [[nodiscard]] Waker dismiss_first();

 private:
  void link_behind(ChannelEnd* before, ChannelEnd& end);
  void unlink(ChannelEnd& end);

  ChannelEnd* first_ = nullptr;
  ChannelEnd* last_ = nullptr;
  std::uint32_t waiting_ = 0;
  std::uint32_t granted_ = 0;
  std::uint64_t granted_bytes_ = 0;  // of messages for which room is kept
};

}  // namespace ekiden::runtime
