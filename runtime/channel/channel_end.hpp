// One end of a channel: who holds it, which channel it is of, and its place among those that wait.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

struct ChannelRecord;

// Who holds a slot, and as what: generation, owner, sender or receiver, and whether it is open.
class EndIdentity {
 public:
  static constexpr std::uint32_t kLastGeneration = ~std::uint32_t{0};

  constexpr EndIdentity() = default;

  constexpr std::uint32_t generation() const { return static_cast<std::uint32_t>(bits_); }
  constexpr OwnerId owner() const { return static_cast<OwnerId>(bits_ >> 32) & kOwnerMask; }
  constexpr bool is_open() const { return (bits_ & kOpen) != 0; }
  constexpr HandleKind kind() const {
    return (bits_ & kSends) != 0 ? HandleKind::kSender : HandleKind::kReceiver;
  }

  // The next user of a closed slot, whose generation is not the last one.
  [[nodiscard]] constexpr EndIdentity opened(OwnerId owner, HandleKind kind) const {
    const std::uint64_t sends = kind == HandleKind::kSender ? kSends : 0;
    return EndIdentity(kOpen | sends | std::uint64_t{owner} << 32 | (generation() + 1));
  }
  [[nodiscard]] constexpr EndIdentity closed() const { return EndIdentity(generation()); }
  // A slot whose generation would wrap is never used again: its oldest handles would be valid.
  constexpr bool is_worn_out() const { return generation() == kLastGeneration; }

  // kOk, kStale or kForeign.
  constexpr Status check(OwnerId asking, Handle end) const {
    if (!is_open() || generation() != end.generation() || kind() != end.kind()) {
      return Status::kStale;
    }
    return owner() == asking ? Status::kOk : Status::kForeign;
  }

 private:
  static constexpr std::uint64_t kOpen = std::uint64_t{1} << 63;
  static constexpr std::uint64_t kSends = std::uint64_t{1} << 62;
  static constexpr OwnerId kOwnerMask = 0xffff;
  static_assert(kMaxOwners <= kOwnerMask + 1);

  constexpr explicit EndIdentity(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits_ = 0;
};

enum class Turn : std::uint8_t {
  kNone,
  kWaiting,  // in the line
  kGranted,  // woken, or about to be: room or a message is kept for it
};

// Zero bytes, which is what fresh memory holds, are a closed end.
struct ChannelEnd {
  // Written under the locks of the registry and of the channel, read by anyone (channels.hpp).
  Atomic<EndIdentity> identity;
  Atomic<ChannelRecord*> record;  // null where it was never used

  // Under the registry's lock.
  std::uint32_t index;
  TypeId maker;  // who opened it; for lists only

  // Under the channel's lock.
  ChannelEnd* next;  // in the line
  ChannelEnd* previous;
  Waker waker;          // the last poll's, while it waits
  std::uint64_t bytes;  // of the message that a sender waits with
  Turn turn;
};

static_assert(sizeof(ChannelEnd) <= kCacheLineBytes);
static_assert(Atomic<EndIdentity>::is_always_lock_free);

}  // namespace ekiden::runtime
