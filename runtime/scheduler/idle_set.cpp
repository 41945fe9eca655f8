#include "runtime/scheduler/idle_set.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

IdleSet::IdleSet(unsigned workers, unsigned searching_max) : searching_max_(searching_max) {
  MutexLock lock(mutex_);
  sleepers_.reserve(workers);
}

bool IdleSet::try_begin_search() {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  while (searching(state) < searching_max_) {
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_seq_cst,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool IdleSet::end_search() {
  const std::uint64_t old = state_.fetch_sub(1, std::memory_order_seq_cst);
  EKIDEN_CHECK(searching(old) > 0);
  return searching(old) == 1;
}

bool IdleSet::sleep(unsigned worker, bool was_searching) {
  MutexLock lock(mutex_);
  sleepers_.push_back(worker);
  const std::uint64_t old =
      state_.fetch_add(kOneSleeper - (was_searching ? 1 : 0), std::memory_order_seq_cst);
  return was_searching || searching(old) == 0;
}

bool IdleSet::leave(unsigned worker) {
  MutexLock lock(mutex_);
  const auto it = std::find(sleepers_.begin(), sleepers_.end(), worker);
  if (it == sleepers_.end()) return false;
  sleepers_.erase(it);
  state_.fetch_sub(kOneSleeper, std::memory_order_seq_cst);
  return true;
}

bool IdleSet::take(unsigned worker) {
  MutexLock lock(mutex_);
  const auto it = std::find(sleepers_.begin(), sleepers_.end(), worker);
  if (it == sleepers_.end()) return false;
  sleepers_.erase(it);
  // One fewer sleeps, one more searches.
  state_.fetch_sub(kOneSleeper - 1, std::memory_order_seq_cst);
  return true;
}

std::optional<unsigned> IdleSet::take_sleeper(bool even_if_searched) {
  MutexLock lock(mutex_);
  if (sleepers_.empty()) return std::nullopt;
  if (!even_if_searched && searching(state_.load(std::memory_order_seq_cst)) > 0) {
    return std::nullopt;
  }
  const unsigned worker = sleepers_.back();
  sleepers_.pop_back();
  // One fewer sleeps, one more searches.
  state_.fetch_sub(kOneSleeper - 1, std::memory_order_seq_cst);
  return worker;
}

}  // namespace ekiden::runtime
