// The life of one slot of the source table, in one 64-bit word: who lives there, how many threads
// are using its descriptor, and whether it is being closed.
//
//   63            32    31      30     29      0
//   | generation    | live | closing | users  |
//
//   free --open()--> live --begin_close()--> live+closing --last unpin()--> (descriptor closed)
//    ^                                                                            |
//    +------------------------------- retire() -----------------------------------+
//
// A descriptor is used only between try_pin() and unpin(), and closed only by the thread whose
// unpin() says kLast. So no system call of ours ever runs on a number that was closed and given to
// somebody else; and closing never waits for a reader.
#pragma once

#include <cstdint>
#include <limits>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::runtime {

// All zero is a valid state: free, no generation used yet. Any thread may call everything whose
// comment says no more.
class SourceLife {
 public:
  enum class Unpin : std::uint8_t {
    kNotLast,
    kLast,  // it is being closed and nobody uses it any more: the caller ends it
  };

  // The generation that the next open() will give, or 0 when the slot is worn out.
  std::uint32_t next_generation() const noexcept {
    // relaxed: asked by the only owner of a free slot.
    return generation_of(word_.load(std::memory_order_relaxed)) + 1;
  }

  // The owner of a free slot: everything else of the source is written before.
  void open(std::uint32_t generation) noexcept {
    EKIDEN_CHECK(generation != 0);
    // release: pairs with the acquire in try_pin(), which may then read the source.
    word_.store(pack(generation) | kLive, std::memory_order_release);
  }

  // The generation that lives here now, or 0. For walkers, who pin it before they read more.
  std::uint32_t live_generation() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: a hint
    return (word & kLive) != 0 ? generation_of(word) : 0;
  }

  // False when that generation is gone or being closed.
  [[nodiscard]] bool try_pin(std::uint32_t generation) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the exchange decides
    do {
      if (generation_of(word) != generation || (word & (kLive | kClosing)) != kLive) return false;
      EKIDEN_CHECK((word & kUsers) != kUsers);
      // acquire: pairs with the release in open().
    } while (!word_.compare_exchange_weak(word, word + 1, std::memory_order_acquire,
                                          std::memory_order_relaxed));
    return true;
  }

  // release: all that this user did with the descriptor comes before the last user's close;
  // acquire: the other half of that, in the last user.
  [[nodiscard]] Unpin unpin() noexcept {
    const std::uint64_t before = word_.fetch_sub(1, std::memory_order_acq_rel);
    EKIDEN_CHECK((before & kUsers) != 0);
    return (before & (kClosing | kUsers)) == (kClosing | 1) ? Unpin::kLast : Unpin::kNotLast;
  }

  // The caller has it pinned. True for the one caller that closes it.
  // seq_cst: before that caller takes the waiters; pairs with is_closing(). See reactor.hpp.
  [[nodiscard]] bool begin_close() noexcept {
    return (word_.fetch_or(kClosing, std::memory_order_seq_cst) & kClosing) == 0;
  }

  // The caller has it pinned. seq_cst: after it stored a waiter; pairs with begin_close().
  bool is_closing() const noexcept {
    return (word_.load(std::memory_order_seq_cst) & kClosing) != 0;
  }

  // The last user, when the descriptor is closed. True when the slot may live again, false when its
  // generations are used up.
  [[nodiscard]] bool retire() noexcept {
    const std::uint32_t generation = generation_of(word_.load(std::memory_order_relaxed));
    // relaxed: the free list's lock brings it to the next owner; others only see that it is gone.
    word_.store(pack(generation), std::memory_order_relaxed);
    return generation != std::numeric_limits<std::uint32_t>::max();
  }

 private:
  static constexpr std::uint64_t kLive = std::uint64_t{1} << 31;
  static constexpr std::uint64_t kClosing = std::uint64_t{1} << 30;
  static constexpr std::uint64_t kUsers = kClosing - 1;

  static constexpr std::uint64_t pack(std::uint32_t generation) {
    return static_cast<std::uint64_t>(generation) << 32;
  }
  static constexpr std::uint32_t generation_of(std::uint64_t word) {
    return static_cast<std::uint32_t>(word >> 32);
  }

  Atomic<std::uint64_t> word_{0};
};

}  // namespace ekiden::runtime
