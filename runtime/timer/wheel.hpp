// A hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987)
// with occupancy bitmaps, so that it finds the next expiry without turning through empty buckets.
// A pure data structure: no lock, no clock, no memory of its own beyond the buckets.
//
//   tick     2^15 ns, about 33 µs. An entry is due at the first tick that starts at or after its
//            deadline: never early, late by less than one tick.
//   level    nine levels of 64 buckets. An entry lives at the level of the highest 6-bit digit in
//            which its tick differs from the wheel's own position, in the bucket that this digit
//            names (the placement is tokio's). Nine digits hold every tick of a 64-bit clock, so
//            there is no horizon: nothing is clamped, and nothing has to be looked at again early.
//   order    all digits above an entry's level agree with the position's and its own digit is
//            larger, so lower levels expire before higher ones and a level's buckets in ascending
//            order. The next bucket is therefore the lowest bit of the lowest level in use. (An
//            entry that was overdue when it came sits in level 0's bucket of the position itself,
//            which is the lowest of all.)
//
// A turn opens bucket after bucket. An opened bucket's entries hang on `opened_` and are handled
// one by one: due ones are handed out, others placed anew at a lower level. That makes every state
// between two steps a valid one, so a turn may stop anywhere and entries may come and go between.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/clock.hpp"

namespace ekiden::runtime {

using Tick = std::uint64_t;

inline constexpr unsigned kTickShift = 15;
inline constexpr Nanos kTickNanos = Nanos{1} << kTickShift;

// The first tick that starts at or after `deadline`.
constexpr Tick tick_not_before(Nanos deadline) noexcept {
  return (deadline >> kTickShift) + ((deadline & (kTickNanos - 1)) != 0 ? 1 : 0);
}
// The last tick that has started at `now`.
constexpr Tick tick_at(Nanos now) noexcept { return now >> kTickShift; }
// When `tick` starts; kNever where that is beyond the clock.
constexpr Nanos tick_start(Tick tick) noexcept {
  return tick > (kNever >> kTickShift) ? kNever : tick << kTickShift;
}

class Wheel {
 public:
  static constexpr Tick kNoTick = ~Tick{0};

  // Embedded in what waits. Zero bytes are a valid entry that is in no wheel. It must not move or
  // go while it is linked.
  struct Entry {
    bool is_linked() const noexcept { return link != nullptr; }

    Entry* next;
    Entry** link;  // the pointer that points here; null while in no wheel
    Tick tick;     // when it is due
    std::uint16_t bucket;
  };

  Wheel() = default;
  Wheel(const Wheel&) = delete;  // entries point into it
  Wheel& operator=(const Wheel&) = delete;

  // Links an entry that is in no wheel. O(1).
  void insert(Entry& entry, Tick tick) noexcept {
    entry.tick = tick;
    place(entry);
    ++size_;
  }

  // Unlinks an entry that is in this wheel. O(1).
  void remove(Entry& entry) noexcept {
    unlink(entry);
    --size_;
  }

  // A tick at which it is worth to turn: never later than the first entry's, kNoTick when there is
  // none. It is the first entry's own tick unless that is to be found among more than kScanMost
  // in one bucket of a higher level; then it is the bucket's start.
  Tick next_tick() const noexcept;

  struct Turned {
    std::size_t due;  // entries written
    bool finished;    // nothing that is due is left
  };
  // Turns to `now`: unlinks entries that are due and writes them to `due`. It handles at most
  // due.size() entries, those that only move to a lower level included. The position never goes
  // back; a `now` before it hands out nothing that is due later than `now`.
  Turned turn(Tick now, std::span<Entry*> due) noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr unsigned kLevels = 9;
  static constexpr unsigned kLevelBits = 6;
  static constexpr unsigned kLevelBuckets = 1u << kLevelBits;
  // Bounds the work of next_tick. In a crowded bucket an early look costs little beside its
  // entries; with few timers there must be none, for an idle process has to stay asleep.
  static constexpr unsigned kScanMost = 16;

  static_assert(kLevels * kLevelBits >= 64 - kTickShift + 1, "every tick has a place");

  struct Bucket {
    unsigned index;  // kLevels * kLevelBuckets for none
    Tick start;
  };

  void place(Entry& entry) noexcept {
    const Tick tick = entry.tick > position_ ? entry.tick : position_;
    const Tick differing = tick ^ position_;
    const unsigned level =
        differing == 0 ? 0 : static_cast<unsigned>(std::bit_width(differing) - 1) / kLevelBits;
    const unsigned digit =
        static_cast<unsigned>(tick >> (level * kLevelBits)) & (kLevelBuckets - 1);
    entry.bucket = static_cast<std::uint16_t>(level * kLevelBuckets + digit);
    occupied_[level] |= std::uint64_t{1} << digit;
    Entry*& head = heads_[entry.bucket];
    entry.next = head;
    entry.link = &head;
    if (head != nullptr) head->link = &entry.next;
    head = &entry;
  }

  void unlink(Entry& entry) noexcept {
    *entry.link = entry.next;
    if (entry.next != nullptr) entry.next->link = entry.link;
    entry.link = nullptr;
    if (heads_[entry.bucket] == nullptr) {
      occupied_[entry.bucket / kLevelBuckets] &=
          ~(std::uint64_t{1} << (entry.bucket % kLevelBuckets));
    }
  }

  Bucket first_bucket() const noexcept;
  bool open_next(Tick now) noexcept;

  Tick position_ = 0;
  Entry* opened_ = nullptr;
  std::size_t size_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<Entry*, kLevels * kLevelBuckets> heads_{};
};

}  // namespace ekiden::runtime
