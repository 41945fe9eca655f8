#include "runtime/timer/wheel.hpp"

#include <algorithm>
#include <bit>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

// The level's first bucket in use, in the circle that begins at the position's own.
Wheel::Bucket Wheel::first_bucket(const Level& level) const noexcept {
  const unsigned words = level.buckets / kWordBits;
  const std::uint32_t in_use = in_use_ >> level.first_word & ((1u << words) - 1);
  if (in_use == 0) return {0, kNoTick};
  const unsigned from = level.digit(position_);
  unsigned word = from / kWordBits;
  std::uint64_t bits = occupied_[level.first_word + word] & (~std::uint64_t{0} << from % kWordBits);
  if (bits == 0) {
    const std::uint32_t behind = in_use & ~((2u << word) - 1);
    word = static_cast<unsigned>(std::countr_zero(behind != 0 ? behind : in_use));
    bits = occupied_[level.first_word + word];
  }
  const unsigned digit = word * kWordBits + static_cast<unsigned>(std::countr_zero(bits));
  const unsigned distance = (digit - from) & (level.buckets - 1);
  return {level.first_word * kWordBits + digit, ((position_ >> level.shift) + distance)
                                                    << level.shift};
}

Wheel::Bucket Wheel::first_bucket() const noexcept {
  Bucket first{0, kNoTick};
  for (const Level& level : kLevels) {
    const Bucket bucket = first_bucket(level);
    if (bucket.start < first.start) first = bucket;
  }
  return first;
}

void Wheel::catch_up_slow(Tick now) noexcept {
  if (opened_ == nullptr && first_bucket().start > now) position_ = now;
}

Tick Wheel::next_tick() const noexcept {
  if (opened_ != nullptr) return position_;
  Tick first = kNoTick;
  for (const Level& level : kLevels) {
    const Bucket bucket = first_bucket(level);
    if (bucket.start >= first) continue;
    first = std::min(first, level.shift == 0 ? bucket.start : first_in(bucket));
  }
  return first;
}

// The first tick in the bucket, or its start where that takes too long to find out.
Tick Wheel::first_in(const Bucket& bucket) const noexcept {
  Tick first = kNoTick;
  unsigned seen = 0;
  for (const Entry* entry = heads_[bucket.index]; entry != nullptr; entry = entry->next) {
    if (++seen > kScanMost) return bucket.start;
    first = std::min(first, entry->tick);
  }
  return first;
}

bool Wheel::open_next(Tick now) noexcept {
  const Bucket bucket = first_bucket();
  if (bucket.start > now) return false;  // kNoTick is later than any tick of the clock
  EKIDEN_CHECK(bucket.start >= position_);
  position_ = bucket.start;
  opened_ = heads_[bucket.index];
  opened_->link = &opened_;
  heads_[bucket.index] = nullptr;
  note_empty(bucket.index);
  return true;
}

Wheel::Turned Wheel::turn(Tick now, std::span<Entry*> due) noexcept {
  std::size_t count = 0;
  for (std::size_t handled = 0; handled < due.size(); ++handled) {
    if (opened_ == nullptr && !open_next(now)) {
      // Every bucket in use starts later: seen from `now` each is still ahead, and nearer.
      position_ = std::max(position_, now);
      return {count, true};
    }
    Entry& entry = *opened_;
    unlink(entry);
    if (entry.tick <= now) {
      --size_;
      due[count++] = &entry;
    } else {
      place(entry);
    }
  }
  return {count, false};
}

}  // namespace ekiden::runtime
