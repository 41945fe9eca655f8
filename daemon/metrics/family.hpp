// What is counted, as a list of families: all of one name, told apart by labels. One list serves
// every way of showing it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/observe/histogram.hpp"

namespace ekiden::daemon::metrics {

enum class Kind : std::uint8_t {
  kCounter,  // only grows
  kGauge,
  kHistogram,
  kMaximum,  // a gauge, of which several make the largest and not the sum
};

// Values are whole numbers: nanoseconds where the unit is seconds, else what the unit says.
enum class Unit : std::uint8_t { kNone, kSeconds, kBytes };

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  Labels labels;
  std::int64_t value = 0;
  std::shared_ptr<const runtime::HistogramSnapshot> histogram;  // of a histogram, instead of value
};

struct Family {
  std::string name;  // as Prometheus wants it, unit and `_total` included
  std::string help;  // one sentence; may hold any bytes
  Kind kind = Kind::kCounter;
  Unit unit = Unit::kNone;
  std::vector<Sample> samples;
};

}  // namespace ekiden::daemon::metrics
