#include "runtime/timer/wheel.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

Wheel::Bucket Wheel::first_bucket() const noexcept {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned digit = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    const unsigned shift = level * kLevelBits;
    const Tick above = position_ >> (shift + kLevelBits);
    return {level * kLevelBuckets + digit, (above << kLevelBits | digit) << shift};
  }
  return {kLevels * kLevelBuckets, kNoTick};
}

Tick Wheel::next_tick() const noexcept {
  if (opened_ != nullptr) return position_;
  const Bucket bucket = first_bucket();
  if (bucket.start == kNoTick || bucket.index < kLevelBuckets) return bucket.start;
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
  occupied_[bucket.index / kLevelBuckets] &= ~(std::uint64_t{1} << (bucket.index % kLevelBuckets));
  return true;
}

Wheel::Turned Wheel::turn(Tick now, std::span<Entry*> due) noexcept {
  std::size_t count = 0;
  for (std::size_t handled = 0; handled < due.size(); ++handled) {
    if (opened_ == nullptr && !open_next(now)) {
      // Every bucket in use starts later, so placement relative to `now` is what it was.
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
