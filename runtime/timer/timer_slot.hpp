// One timer: who it belongs to, what it waits for, and its place in a wheel. One cache line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/task_type.hpp"
#include "runtime/task/waker.hpp"
#include "runtime/timer/wheel.hpp"

namespace ekiden::runtime {

// Who holds a slot: generation, owner, and whether it is held at all.
class TimerIdentity {
 public:
  static constexpr std::uint32_t kLastGeneration = ~std::uint32_t{0};

  constexpr TimerIdentity() = default;

  constexpr std::uint32_t generation() const { return static_cast<std::uint32_t>(bits_); }
  constexpr OwnerId owner() const { return static_cast<OwnerId>(bits_ >> 32) & kOwnerMask; }
  constexpr bool is_held() const { return (bits_ & kHeld) != 0; }

  // The next user of a free slot. The slot's generation must not be the last one.
  [[nodiscard]] constexpr TimerIdentity taken_by(OwnerId owner) const {
    return TimerIdentity(kHeld | std::uint64_t{owner} << 32 | (generation() + 1));
  }
  [[nodiscard]] constexpr TimerIdentity freed() const { return TimerIdentity(generation()); }
  // A slot whose generation would wrap is never used again: its oldest handles would be valid.
  constexpr bool is_worn_out() const { return generation() == kLastGeneration; }

  // kOk, kStale or kForeign.
  constexpr Status check(OwnerId asking, std::uint32_t asked_generation) const {
    if (!is_held() || generation() != asked_generation) return Status::kStale;
    return owner() == asking ? Status::kOk : Status::kForeign;
  }

 private:
  static constexpr std::uint64_t kHeld = std::uint64_t{1} << 63;
  static constexpr OwnerId kOwnerMask = 0xffff;
  static_assert(kMaxOwners <= kOwnerMask + 1);

  constexpr explicit TimerIdentity(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits_ = 0;
};

enum class TimerState : std::uint8_t {
  kIdle,   // never armed, or cancelled
  kArmed,  // linked in its home wheel, or on its way there
  kFired,
};

// Zero bytes, which is what fresh memory holds, are a free slot. Everything but `identity`, `home`
// and `maker` is guarded by the lock of the home wheel while the slot is held (see timers.hpp).
struct TimerSlot : Wheel::Entry {
  Atomic<TimerIdentity> identity;
  Nanos deadline;
  Waker waker;  // the last poll's, null when there was none since it was armed first or fired
  Atomic<std::uint16_t> home;
  TimerState state;
  Atomic<TypeId> maker;  // who called create(); for lists only
};

static_assert(sizeof(TimerSlot) <= kCacheLineBytes);
static_assert(Atomic<TimerIdentity>::is_always_lock_free);

}  // namespace ekiden::runtime
