// What is known of a descriptor's readiness, in one 64-bit word: five facts, a tick and the
// generation of the source that it belongs to.
//
//   63            32 31          8 7      5 4   3  2  1  0
//   | generation    | tick        | unused | E | W | R | w | r |
//
// The facts are a cache of what the kernel said last. An event adds facts and moves the tick; a
// system call that would have blocked takes facts away, but only at the tick that it was tried at:
//
//   task:     load() -> readable, tick 7
//   task:     read() -> EAGAIN
//   reactor:  set(readable) -> tick 8             data came right after
//   task:     clear(at tick 7) -> kNewer          the new event stands, the task reads again
//
// The generation keeps an event that was on its way to a closed source out of the next source that
// lives in the same slot. The idea of the tick is Tokio's (tokio/src/runtime/io/scheduled_io.rs).
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::runtime {

// A direction to wait for.
enum class Interest : std::uint8_t { kRead = 0, kWrite = 1 };

inline constexpr std::size_t kInterests = 2;

// A set of facts about a descriptor.
class ReadySet {
 public:
  constexpr ReadySet() = default;
  constexpr explicit ReadySet(std::uint8_t bits) : bits_(bits) {}

  constexpr std::uint8_t bits() const { return bits_; }
  constexpr bool has_any(ReadySet of) const { return (bits_ & of.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

  friend constexpr ReadySet operator|(ReadySet a, ReadySet b) {
    return ReadySet(static_cast<std::uint8_t>(a.bits_ | b.bits_));
  }
  friend constexpr bool operator==(ReadySet a, ReadySet b) = default;

 private:
  std::uint8_t bits_ = 0;
};

inline constexpr ReadySet kReadable{1};
inline constexpr ReadySet kWritable{2};
inline constexpr ReadySet kReadClosed{4};   // the peer sends no more: a read gave the end
inline constexpr ReadySet kWriteClosed{8};  // the peer takes no more: a write gave EPIPE or a reset
inline constexpr ReadySet kError{16};       // an error is waiting to be fetched by a call
inline constexpr ReadySet kAllReady{31};

// What lets a call in this direction get on.
constexpr ReadySet facts_for(Interest interest) {
  return interest == Interest::kRead ? kReadable | kReadClosed | kError
                                     : kWritable | kWriteClosed | kError;
}

// What an event for this direction alone says.
constexpr ReadySet event_for(Interest interest) {
  return interest == Interest::kRead ? kReadable : kWritable;
}

constexpr ReadySet closed_for(Interest interest) {
  return interest == Interest::kRead ? kReadClosed : kWriteClosed;
}

// One look at the word. A plain value; callers keep it between the look and the clear.
class Readiness {
 public:
  static constexpr std::uint32_t kTickMask = (1u << 24) - 1;

  constexpr Readiness() = default;
  constexpr explicit Readiness(std::uint64_t bits) : bits_(bits) {}
  constexpr Readiness(std::uint32_t generation, std::uint32_t tick, ReadySet facts)
      : bits_(static_cast<std::uint64_t>(generation) << 32 |
              static_cast<std::uint64_t>(tick & kTickMask) << 8 | facts.bits()) {}

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr std::uint32_t generation() const { return static_cast<std::uint32_t>(bits_ >> 32); }
  constexpr std::uint32_t tick() const {
    return static_cast<std::uint32_t>(bits_ >> 8) & kTickMask;
  }
  constexpr ReadySet facts() const { return ReadySet(static_cast<std::uint8_t>(bits_ & 31)); }
  constexpr bool is_ready_for(Interest interest) const {
    return facts().has_any(facts_for(interest));
  }

  friend constexpr bool operator==(Readiness a, Readiness b) = default;

 private:
  std::uint64_t bits_ = 0;
};

// The atomic word. All zero is a valid state: generation 0, which no source ever has.
class ReadinessWord {
 public:
  enum class Clear : std::uint8_t {
    kCleared,
    kNewer,  // an event came after the look: nothing was cleared, try the call again
    kStale,  // the look was at another generation
  };

  // A source begins. Only the thread that makes it, before anybody can have its handle; an event
  // for the generation before is refused by set() from here on.
  void open(std::uint32_t generation, ReadySet facts) noexcept {
    EKIDEN_CHECK(generation != 0);
    // release: pairs with the acquire in load() of an event that is late for this slot.
    word_.store(Readiness(generation, 0, facts).bits(), std::memory_order_release);
  }

  // Any thread. seq_cst: with set() and the waiter's word this is one half of a Dekker pair; the
  // argument and the interleaving that would fail are in reactor.hpp.
  Readiness load() const noexcept { return Readiness(word_.load(std::memory_order_seq_cst)); }

  // An event: adds facts and moves the tick. False when the source is not of this generation.
  [[nodiscard]] bool set(std::uint32_t generation, ReadySet facts) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // relaxed: the exchange decides
    for (;;) {
      const Readiness old(seen);
      if (old.generation() != generation) return false;
      const Readiness next(generation, old.tick() + 1, old.facts() | facts);
      // seq_cst: ordered before the reactor takes the waiter; pairs with load() in the waiter.
      if (word_.compare_exchange_weak(seen, next.bits(), std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
  }

  // A call in a direction would have blocked: takes `facts` away if nothing came since `observed`.
  [[nodiscard]] Clear clear(Readiness observed, ReadySet facts) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // relaxed: the exchange decides
    for (;;) {
      const Readiness old(seen);
      if (old.generation() != observed.generation()) return Clear::kStale;
      if (old.tick() != observed.tick()) return Clear::kNewer;
      const auto left = static_cast<std::uint8_t>(old.facts().bits() & ~facts.bits());
      const Readiness next(old.generation(), old.tick(), ReadySet(left));
      // acq_rel: release orders the call that would have blocked before the clear, for whoever
      // looks next; acquire pairs with the release in set() when it is the exchange that fails.
      if (word_.compare_exchange_weak(seen, next.bits(), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return Clear::kCleared;
      }
    }
  }

 private:
  Atomic<std::uint64_t> word_{0};
};

}  // namespace ekiden::runtime
