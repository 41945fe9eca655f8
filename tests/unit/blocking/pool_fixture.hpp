// What tests of the blocking pool share: a target that counts wakes, jobs that can be held, and
// waiting for a condition.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "runtime/base/atomic.hpp"
#include "runtime/blocking/blocking_pool.hpp"

namespace ekiden::runtime::test {

class CountingTarget final : public WakeTarget {
 public:
  void wake(Waker) noexcept override { total_.fetch_add(1); }
  std::size_t total() const { return total_.load(); }

 private:
  Atomic<std::size_t> total_{0};
};

inline Waker task_waker(std::uint32_t index) { return Waker(HandleKind::kTask, index, 1); }

// True as soon as the condition is; false after far longer than it may take.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

// Counts what happens to its jobs, and holds those that are told to wait until it is opened.
class Probe {
 public:
  Job quick() { return {run_quick, drop, this}; }
  Job held() { return {run_held, drop, this}; }
  void open() { open_.store(true); }

  int started() const { return started_.load(); }
  int ended() const { return ended_.load(); }
  int dropped() const { return dropped_.load(); }

  static constexpr std::int32_t kResult = 42;

 private:
  static std::int32_t run_quick(void* argument) {
    auto& probe = *static_cast<Probe*>(argument);
    probe.started_.fetch_add(1);
    probe.ended_.fetch_add(1);
    return kResult;
  }
  static std::int32_t run_held(void* argument) {
    auto& probe = *static_cast<Probe*>(argument);
    probe.started_.fetch_add(1);
    while (!probe.open_.load())
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    probe.ended_.fetch_add(1);
    return kResult;
  }
  static void drop(void* argument) { static_cast<Probe*>(argument)->dropped_.fetch_add(1); }

  Atomic<bool> open_{false};
  Atomic<int> started_{0};
  Atomic<int> ended_{0};
  Atomic<int> dropped_{0};
};

inline BlockingPoolOptions pool_options(unsigned threads_max, std::size_t queue_capacity = 4096) {
  BlockingPoolOptions options;
  options.threads_max = threads_max;
  options.queue_capacity = queue_capacity;
  return options;
}

// Submits or returns a null handle.
inline Handle submit(BlockingPool& pool, const Job& job, OwnerId owner = 1) {
  Handle handle;
  return pool.submit(owner, job, handle) == Status::kOk ? handle : Handle();
}

inline Status poll(BlockingPool& pool, Handle job, OwnerId owner = 1) {
  std::int32_t result = 0;
  return pool.poll(owner, job, task_waker(1), result, nullptr);
}

}  // namespace ekiden::runtime::test
