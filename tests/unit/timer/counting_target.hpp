// A wake target that counts, for tests of what wakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime::test {

// Counts wakes by the waker's slot index.
class CountingTarget final : public WakeTarget {
 public:
  explicit CountingTarget(std::size_t wakers = 1024) : counts_(wakers) {}

  void wake(Waker waker) noexcept override {
    total_.fetch_add(1);
    if (waker.index() < counts_.size()) counts_[waker.index()].fetch_add(1);
  }

  std::size_t total() const { return total_.load(); }
  std::size_t of(std::uint32_t index) const { return counts_[index].load(); }

 private:
  Atomic<std::size_t> total_{0};
  std::vector<Atomic<std::size_t>> counts_;
};

inline Waker task_waker(std::uint32_t index) { return Waker(HandleKind::kTask, index, 1); }

}  // namespace ekiden::runtime::test
