// A histogram of durations with a bounded relative error, in fixed memory.
//
// Every power of two is cut into four buckets of equal width, over 1 ns to 2^40 ns (18 minutes);
// what is longer is in the last bucket. A bucket is at most a quarter of its lower bound wide and
// is answered with its middle, so a quantile is at most 12.5 percent off. (The shape is that of
// HdrHistogram and of tokio's, with two bits of mantissa.) 158 counters: 1.3 KB.
//
// One thread writes, with plain stores; any thread reads at any time. A snapshot is consistent in
// itself: its count is the sum of its buckets. Snapshots of several writers are merged, and of one
// that goes on being written the difference of two is what came between them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/observe/counters.hpp"

namespace ekiden::runtime {

// Which bucket a duration falls into, and what a bucket stands for.
struct HistogramBuckets {
  static constexpr unsigned kSubBits = 2;
  static constexpr unsigned kSub = 1u << kSubBits;
  static constexpr unsigned kOctaves = 40;  // the durations below 2^kOctaves
  static constexpr std::size_t kOverflow = (kOctaves - kSubBits + 1) * kSub;
  static constexpr std::size_t kCount = kOverflow + 1;

  static constexpr std::size_t of(Nanos value) {
    if (value < kSub) return static_cast<std::size_t>(value);
    const unsigned octave = static_cast<unsigned>(std::bit_width(value)) - 1;
    if (octave >= kOctaves) return kOverflow;
    const unsigned shift = octave - kSubBits;
    return (octave - kSubBits) * kSub + static_cast<std::size_t>(value >> shift);
  }
  // The least duration that is in the bucket.
  static constexpr Nanos lower(std::size_t bucket) {
    if (bucket < 2 * kSub) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / kSub) - 1;
    return static_cast<Nanos>(bucket % kSub + kSub) << shift;
  }
  // The middle; of the last bucket, which has no end, the beginning.
  static constexpr Nanos middle(std::size_t bucket) {
    if (bucket >= kOverflow) return lower(kOverflow);
    return lower(bucket) + (lower(bucket + 1) - lower(bucket)) / 2;
  }
};

// A copy of plain numbers.
struct HistogramSnapshot {
  std::array<std::uint64_t, HistogramBuckets::kCount> buckets{};
  std::uint64_t sum_ns = 0;

  HistogramSnapshot& operator+=(const HistogramSnapshot& other);
  // What came after `before`, an earlier snapshot of the same.
  HistogramSnapshot& operator-=(const HistogramSnapshot& before);

  std::uint64_t count() const;
  // The duration below which the share `q` (0 to 1) of them lies, within 12.5 percent; 0 of none.
  Nanos quantile(double q) const;
  Nanos max() const { return quantile(1.0); }
  // How many are shorter than `bound`, a power of two.
  std::uint64_t count_below(Nanos bound) const;
};

class Histogram {
 public:
  // Owner only: `times` values of `value_ns`. `sum_ns` is what they add to the sum, which is kept
  // exact where the single values are not.
  void add(Nanos value_ns, std::uint64_t times, std::uint64_t sum_ns) noexcept {
    add_relaxed(buckets_[HistogramBuckets::of(value_ns)], times);
    add_relaxed(sum_ns_, sum_ns);
  }
  void add(Nanos value_ns, std::uint64_t times = 1) noexcept {
    add(value_ns, times, value_ns * times);
  }
  // Any thread.
  void add_to(HistogramSnapshot& snapshot) const noexcept;

 private:
  std::array<Counter, HistogramBuckets::kCount> buckets_{};
  Counter sum_ns_{0};
};

}  // namespace ekiden::runtime
