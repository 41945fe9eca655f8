#include "runtime/observe/histogram.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace ekiden::runtime::test {
namespace {

using Buckets = HistogramBuckets;

HistogramSnapshot snapshot(const Histogram& histogram) {
  HistogramSnapshot copy;
  histogram.add_to(copy);
  return copy;
}

double relative_error(Nanos found, Nanos real) {
  return std::abs(static_cast<double>(found) - static_cast<double>(real)) /
         static_cast<double>(real);
}

TEST_CASE("every duration falls into the bucket whose bounds it lies between") {
  Nanos value = 1;
  while (value < (Nanos{1} << Buckets::kOctaves)) {
    for (const Nanos v : {value - 1, value, value + 1}) {
      CAPTURE(v);
      const std::size_t bucket = Buckets::of(v);
      REQUIRE(bucket < Buckets::kCount);
      CHECK(Buckets::lower(bucket) <= v);
      if (bucket < Buckets::kOverflow) CHECK(v < Buckets::lower(bucket + 1));
      if (v > 0 && bucket < Buckets::kOverflow) {
        CHECK(relative_error(Buckets::middle(bucket), v) <= 0.125);
      }
    }
    value += std::max<Nanos>(1, value / 7);
  }
}

TEST_CASE("what is beyond the range is counted in the last bucket") {
  Histogram histogram;
  histogram.add(Nanos{1} << Buckets::kOctaves);
  histogram.add(kNever, 1, 0);
  CHECK(snapshot(histogram).buckets.back() == 2);
  CHECK(snapshot(histogram).quantile(0.5) == Nanos{1} << Buckets::kOctaves);
}

TEST_CASE("quantiles of ten thousand durations are within 12.5 percent") {
  const double spread = GENERATE(0.3, 2.0, 4.0);
  CAPTURE(spread);
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> lengths(std::log(5000.0), spread);
  Histogram histogram;
  std::vector<Nanos> all;
  for (int i = 0; i < 10'000; ++i) {
    all.push_back(std::min(static_cast<Nanos>(lengths(random)) + 1, (Nanos{1} << 40) - 1));
    histogram.add(all.back());
  }
  std::sort(all.begin(), all.end());
  const HistogramSnapshot copy = snapshot(histogram);
  CHECK(copy.count() == all.size());
  for (const double q : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(q);
    const auto rank = std::max(1.0, std::ceil(q * static_cast<double>(all.size())));
    CHECK(relative_error(copy.quantile(q), all[static_cast<std::size_t>(rank) - 1]) <= 0.125);
  }
  CHECK(relative_error(copy.max(), all.back()) <= 0.125);
}

TEST_CASE("an empty histogram has no durations") {
  const HistogramSnapshot none;
  CHECK(none.count() == 0);
  CHECK(none.quantile(0.99) == 0);
  CHECK(none.max() == 0);
}

TEST_CASE("snapshots are merged, and of one histogram subtracted") {
  Histogram a;
  Histogram b;
  a.add(100, 3);
  b.add(100'000, 1);
  HistogramSnapshot both = snapshot(a);
  both += snapshot(b);
  CHECK(both.count() == 4);
  CHECK(both.sum_ns == 100'300);
  CHECK(both.count_below(128) == 3);
  const HistogramSnapshot before = snapshot(a);
  a.add(7'000, 2);
  HistogramSnapshot since = snapshot(a);
  since -= before;
  CHECK(since.count() == 2);
  CHECK(since.sum_ns == 14'000);
  CHECK(relative_error(since.quantile(0.5), 7'000) <= 0.125);
}

TEST_CASE("powers of two divide a histogram exactly") {
  Histogram histogram;
  for (Nanos value = 1; value <= 4096; ++value)
    histogram.add(value);
  for (Nanos bound = 1; bound <= 4096; bound *= 2) {
    CAPTURE(bound);
    CHECK(snapshot(histogram).count_below(bound) == bound - 1);
  }
}

TEST_CASE("a reader beside the writer sees counts that only grow") {
  Histogram histogram;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (Nanos i = 0; i < 200'000 && !stop; ++i)
      histogram.add(i);
    stop = true;
  });
  std::uint64_t seen = 0;
  bool fell = false;
  while (!stop) {
    const std::uint64_t now = snapshot(histogram).count();
    fell = fell || now < seen;
    seen = now;
  }
  writer.join();
  CHECK_FALSE(fell);
  CHECK(snapshot(histogram).count() == 200'000);
}

}  // namespace
}  // namespace ekiden::runtime::test
