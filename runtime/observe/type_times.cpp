#include "runtime/observe/type_times.hpp"

#include <algorithm>

namespace ekiden::runtime {

// Moves by a quarter at a time, as Pace does.
void TypeTimes::learn(Nanos mean) noexcept {
  usual_ns_ =
      usual_ns_ == 0 ? std::max<Nanos>(1, mean) : std::max<Nanos>(1, (3 * usual_ns_ + mean) / 4);
}

void TypeTimes::begin_life(std::uint32_t life, std::uint64_t polls) noexcept {
  life_ = life;
  usual_ns_ = 0;
  sample_ns_ = kNever;
  deferred_polls_ = 0;
  deferred_ns_ = 0;
  delays_counted_ = polls;
}

void TypeTimes::record_deferred(Nanos as_long_as) noexcept {
  poll_.add(as_long_as, deferred_polls_, deferred_ns_);
  deferred_polls_ = 0;
  deferred_ns_ = 0;
}

void TypeTimes::batch(std::uint64_t polls, Nanos spent, Nanos clock_cost) noexcept {
  if (polls == 0) return;
  const Nanos worked = spent - std::min(spent, clock_cost);
  if (deferred_polls_ != 0) {
    const bool like_this = polls == 1 && worked < kOutlierNs;
    const Nanos mean = deferred_ns_ / deferred_polls_;
    record_deferred(like_this ? worked : mean - std::min(mean, clock_cost));
  }
  if (polls == 1) {
    poll_.add(worked, 1, spent);
    learn(worked);
    // A long one is found in any batch, so it stands for itself alone.
    sample_ns_ = worked < kOutlierNs ? worked : kNever;
    return;
  }
  const Nanos mean = worked / polls;
  const Nanos others = usual_ns_ == 0 ? 0 : std::min(usual_ns_, mean) * (polls - 1);
  const bool has_outlier = usual_ns_ != 0 && worked > usual_ns_ * polls + kOutlierNs;
  const Nanos usual = has_outlier ? std::min(usual_ns_, mean) : mean;
  const Nanos stands_for = sample_ns_ != kNever ? sample_ns_ : usual;
  sample_ns_ = kNever;
  if (has_outlier) {
    poll_.add(worked - others, 1, spent - others);
    poll_.add(stands_for, polls - 1, others);
  } else {
    poll_.add(stands_for, polls, spent);
    learn(mean);
  }
}

void TypeTimes::delay_of_one(Nanos waited) noexcept {
  ++delays_counted_;
  delay_.add(waited, 1);
}

void TypeTimes::delay_of_all(Nanos waited, std::uint64_t polls) noexcept {
  const std::uint64_t times = polls - delays_counted_;
  delays_counted_ = polls;
  delay_.add(waited, times);
}

}  // namespace ekiden::runtime
