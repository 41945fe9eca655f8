// What runtime/base includes for the program stress_yielding (EKIDEN_ATOMIC_SEAM): std::atomic,
// but now and then the thread gives its core away, or sleeps, just before an operation. So it is
// interrupted between any two steps, where without that it would be a few nanoseconds between them.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <mutex>

namespace ekiden::runtime {

namespace yielding {

// Of operations on one thread. A sleep lets every other thread go on, whatever has to run.
inline constexpr std::uint32_t kYieldOneIn = 64;
inline constexpr std::uint32_t kSleepOneIn = 4096;
inline constexpr long kSleepNs = 20'000;

inline void maybe() noexcept {
  static std::atomic<std::uint32_t> threads{0};
  thread_local std::uint32_t dice = 0;
  // relaxed: any number but the others' will do.
  if (dice == 0) dice = threads.fetch_add(1, std::memory_order_relaxed) * 2654435761u + 1;
  // xorshift32 (Marsaglia 2003).
  dice ^= dice << 13;
  dice ^= dice >> 17;
  dice ^= dice << 5;
  const std::uint32_t thrown = dice >> 8;
  if (thrown % kSleepOneIn == 0) {
    const timespec time{0, kSleepNs};
    nanosleep(&time, nullptr);
  } else if (thrown % kYieldOneIn == 0) {
    sched_yield();
  }
}

}  // namespace yielding

template <class T>
class Atomic : private std::atomic<T> {
  using Base = std::atomic<T>;
  using Order = std::memory_order;
  static constexpr Order kStrongest = std::memory_order_seq_cst;

 public:
  using value_type = T;
  using Base::Base;
  using Base::is_always_lock_free;
  constexpr Atomic() noexcept = default;

  T load(Order order = kStrongest) const noexcept {
    yielding::maybe();
    return Base::load(order);
  }
  void store(T value, Order order = kStrongest) noexcept {
    yielding::maybe();
    Base::store(value, order);
  }
  operator T() const noexcept { return load(); }
  T operator=(T value) noexcept {
    store(value);
    return value;
  }
  T exchange(T value, Order order = kStrongest) noexcept {
    yielding::maybe();
    return Base::exchange(value, order);
  }
  T fetch_add(T amount, Order order = kStrongest) noexcept {
    yielding::maybe();
    return Base::fetch_add(amount, order);
  }
  T fetch_sub(T amount, Order order = kStrongest) noexcept {
    yielding::maybe();
    return Base::fetch_sub(amount, order);
  }
  T fetch_or(T bits, Order order = kStrongest) noexcept {
    yielding::maybe();
    return Base::fetch_or(bits, order);
  }
  T fetch_and(T bits, Order order = kStrongest) noexcept {
    yielding::maybe();
    return Base::fetch_and(bits, order);
  }
  template <class... Orders>
  bool compare_exchange_strong(T& expected, T desired, Orders... orders) noexcept {
    yielding::maybe();
    return Base::compare_exchange_strong(expected, desired, orders...);
  }
  template <class... Orders>
  bool compare_exchange_weak(T& expected, T desired, Orders... orders) noexcept {
    yielding::maybe();
    return Base::compare_exchange_weak(expected, desired, orders...);
  }
};

using SystemMutex = std::mutex;

inline void cpu_relax() noexcept { sched_yield(); }

}  // namespace ekiden::runtime
