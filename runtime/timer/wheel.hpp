// A hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987)
// with occupancy bitmaps, so that it finds the next expiry without turning through empty buckets.
// A pure data structure: no lock, no clock, no memory of its own beyond the buckets.
//
//   tick     2^15 ns, about 33 µs. An entry is due at the first tick that starts at or after its
//            deadline: never early, late by less than one tick.
//   level    eight levels: 64 buckets of a tick, 1024 of 64 ticks, and then 64 of each span that
//            the level below covers. An entry lives at the lowest level on which its bucket is
//            fewer than all buckets away from the wheel's own position, so buckets are used in a
//            circle and no boundary of the clock matters. Eight levels hold every tick of a 64-bit
//            clock: there is no horizon, nothing is clamped, and nothing has to be looked at again
//            early.
//   burst    when time comes to a bucket above level 0, all its entries move down at once, before
//            what is due among them can be told: 20 to 130 ns each, for they are cold. Level 1 is
//            that wide so that a sleep of up to 2.1 s moves in a bucket of 2.1 ms, with few others.
//            (With 64 buckets, 100,000 timers of up to 200 ms moved in one go of 8 ms.)
//   order    a bucket is opened when time comes to its start, the earliest start of all levels
//            first. So a bucket in use never starts before the position, and within a level the
//            next one is the first at or behind the position's own, in the circle. (An entry that
//            was overdue when it came sits in level 0's bucket of the position itself.)
//
// A turn opens bucket after bucket. An opened bucket's entries hang on `opened_` and are handled
// one by one: due ones are handed out, others placed anew at a lower level. That makes every state
// between two steps a valid one, so a turn may stop anywhere and entries may come and go between.
#pragma once

#include <array>
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

  // A wheel that had nothing to do stands where it was last turned to. Brings the position near to
  // `now` if nothing has to move for that, so that what is inserted next need not move later.
  void catch_up(Tick now) noexcept {
    if (now >= position_ + kLagMost) catch_up_slow(now);
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
  static constexpr unsigned kWordBits = 64;
  struct Level {
    unsigned shift;       // a bucket spans 2^shift ticks
    unsigned buckets;     // a power of two
    unsigned first_word;  // of occupied_; 64 times that is its first bucket's index

    constexpr unsigned digit(Tick tick) const {
      return static_cast<unsigned>(tick >> shift) & (buckets - 1);
    }
    constexpr Tick distance(Tick from, Tick to) const { return (to >> shift) - (from >> shift); }
  };
  static constexpr std::array<Level, 8> kLevels{{
      {0, 64, 0},
      {6, 1024, 1},
      {16, 64, 17},
      {22, 64, 18},
      {28, 64, 19},
      {34, 64, 20},
      {40, 64, 21},
      {46, 64, 22},
  }};
  static constexpr unsigned kWords = 23;
  // Bounds the work of next_tick. In a crowded bucket an early look costs little beside its
  // entries; with few timers there must be none, for an idle process has to stay asleep.
  static constexpr unsigned kScanMost = 16;
  static constexpr Tick kLagMost = 512;  // 17 ms, little beside the span of level 1

  static_assert(kLevels.back().shift + 6 >= 64 - kTickShift + 1, "every tick has a place");

  struct Bucket {
    unsigned index;
    Tick start;  // kNoTick: there is none
  };

  void place(Entry& entry) noexcept {
    const Tick tick = entry.tick > position_ ? entry.tick : position_;
    const Level* level = kLevels.data();
    while (level->distance(position_, tick) >= level->buckets)
      ++level;
    const unsigned bucket = level->first_word * kWordBits + level->digit(tick);
    entry.bucket = static_cast<std::uint16_t>(bucket);
    occupied_[bucket / kWordBits] |= std::uint64_t{1} << (bucket % kWordBits);
    in_use_ |= 1u << (bucket / kWordBits);
    Entry*& head = heads_[bucket];
    entry.next = head;
    entry.link = &head;
    if (head != nullptr) head->link = &entry.next;
    head = &entry;
  }

  void unlink(Entry& entry) noexcept {
    *entry.link = entry.next;
    if (entry.next != nullptr) entry.next->link = entry.link;
    entry.link = nullptr;
    if (heads_[entry.bucket] == nullptr) note_empty(entry.bucket);
  }

  void note_empty(unsigned bucket) noexcept {
    std::uint64_t& word = occupied_[bucket / kWordBits];
    word &= ~(std::uint64_t{1} << (bucket % kWordBits));
    if (word == 0) in_use_ &= ~(1u << (bucket / kWordBits));
  }

  void catch_up_slow(Tick now) noexcept;
  Bucket first_bucket(const Level& level) const noexcept;
  Bucket first_bucket() const noexcept;
  Tick first_in(const Bucket& bucket) const noexcept;
  bool open_next(Tick now) noexcept;

  Tick position_ = 0;
  Entry* opened_ = nullptr;
  std::size_t size_ = 0;
  std::uint32_t in_use_ = 0;  // a bit a word that is not zero
  std::array<std::uint64_t, kWords> occupied_{};
  std::array<Entry*, kWords * kWordBits> heads_{};
};

}  // namespace ekiden::runtime
