#include "runtime/observe/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ekiden::runtime {

HistogramSnapshot& HistogramSnapshot::operator+=(const HistogramSnapshot& other) {
  for (std::size_t i = 0; i < buckets.size(); ++i)
    buckets[i] += other.buckets[i];
  sum_ns += other.sum_ns;
  return *this;
}

HistogramSnapshot& HistogramSnapshot::operator-=(const HistogramSnapshot& before) {
  for (std::size_t i = 0; i < buckets.size(); ++i)
    buckets[i] -= before.buckets[i];
  sum_ns -= before.sum_ns;
  return *this;
}

std::uint64_t HistogramSnapshot::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

Nanos HistogramSnapshot::quantile(double q) const {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(total));
  const std::uint64_t rank =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, total);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    seen += buckets[i];
    if (seen >= rank) return HistogramBuckets::middle(i);
  }
  return HistogramBuckets::lower(HistogramBuckets::kOverflow);
}

std::uint64_t HistogramSnapshot::count_below(Nanos bound) const {
  const auto end = buckets.begin() + static_cast<std::ptrdiff_t>(HistogramBuckets::of(bound));
  return std::accumulate(buckets.begin(), end, std::uint64_t{0});
}

void Histogram::add_to(HistogramSnapshot& snapshot) const noexcept {
  // relaxed: numbers for people; each is whole.
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    snapshot.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
  snapshot.sum_ns += sum_ns_.load(std::memory_order_relaxed);
}

}  // namespace ekiden::runtime
