// What runtime/base includes instead of the real thing where EKIDEN_ATOMIC_SEAM names this file: an
// Atomic whose every operation asks the checker, a mutex and a pause that do.
//
// An Atomic is as big as its value, and zeroed memory that was never constructed is a valid one:
// the runtime asserts the first and relies on the second (type-stable slots). What the checker
// knows of an atomic is kept by its address. Outside of a run it is an ordinary value.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/model/checker/site.hpp"

namespace ekiden::model::seam {

void construct(const void* address, std::uint64_t value);
std::uint64_t load(const void* address, std::uint64_t held, std::memory_order order, Site site);
// These three say whether the value is the newest one now, for the atomic's own memory.
bool store(const void* address, std::uint64_t held, std::uint64_t value, std::memory_order order,
           Site site);
std::uint64_t begin_exchange(const void* address, std::uint64_t held, std::memory_order order,
                             Site site);
bool end_exchange(std::uint64_t value);
bool compare_exchange(const void* address, std::uint64_t held, std::uint64_t& expected,
                      std::uint64_t desired, std::memory_order success, std::memory_order failure,
                      bool weak, bool& is_newest, Site site);
void lock(const void* mutex);
bool try_lock(const void* mutex);
void unlock(const void* mutex);
void pause();

template <class T>
std::uint64_t to_bits(T value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
  return value;
}

// What a compare-exchange with one order does when it fails.
constexpr std::memory_order order_of_failure(std::memory_order order) {
  if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
  if (order == std::memory_order_release) return std::memory_order_relaxed;
  return order;
}

}  // namespace ekiden::model::seam

namespace ekiden::runtime {

template <class T>
class Atomic {
 public:
  using value_type = T;
  using Order = std::memory_order;
  using Site = model::Site;
  static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;
  static constexpr Order kStrongest = std::memory_order_seq_cst;

  constexpr Atomic() noexcept : Atomic(T()) {}
  constexpr Atomic(T value) noexcept : value_(value) {  // NOLINT: as std::atomic
    if (!std::is_constant_evaluated()) model::seam::construct(this, model::seam::to_bits(value));
  }
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(Order order = kStrongest, Site site = Site::here()) const noexcept {
    return model::seam::from_bits<T>(model::seam::load(this, held(), order, site));
  }
  void store(T value, Order order = kStrongest, Site site = Site::here()) noexcept {
    if (model::seam::store(this, held(), model::seam::to_bits(value), order, site)) value_ = value;
  }
  operator T() const noexcept { return load(kStrongest, {}); }
  T operator=(T value) noexcept {
    store(value, kStrongest, {});
    return value;
  }

  T exchange(T value, Order order = kStrongest, Site site = Site::here()) noexcept {
    return change([value](T) { return value; }, order, site);
  }
  template <class Amount>
  T fetch_add(Amount amount, Order order = kStrongest, Site site = Site::here()) noexcept {
    return change([amount](T old) { return static_cast<T>(old + amount); }, order, site);
  }
  template <class Amount>
  T fetch_sub(Amount amount, Order order = kStrongest, Site site = Site::here()) noexcept {
    return change([amount](T old) { return static_cast<T>(old - amount); }, order, site);
  }
  T fetch_or(T bits, Order order = kStrongest, Site site = Site::here()) noexcept {
    return change([bits](T old) { return static_cast<T>(old | bits); }, order, site);
  }
  T fetch_and(T bits, Order order = kStrongest, Site site = Site::here()) noexcept {
    return change([bits](T old) { return static_cast<T>(old & bits); }, order, site);
  }

  bool compare_exchange_strong(T& expected, T desired, Order success, Order failure,
                               Site site = Site::here()) noexcept {
    return compare_exchange(expected, desired, success, failure, /*weak=*/false, site);
  }
  bool compare_exchange_strong(T& expected, T desired, Order order = kStrongest,
                               Site site = Site::here()) noexcept {
    return compare_exchange(expected, desired, order, model::seam::order_of_failure(order),
                            /*weak=*/false, site);
  }
  bool compare_exchange_weak(T& expected, T desired, Order success, Order failure,
                             Site site = Site::here()) noexcept {
    return compare_exchange(expected, desired, success, failure, /*weak=*/true, site);
  }
  bool compare_exchange_weak(T& expected, T desired, Order order = kStrongest,
                             Site site = Site::here()) noexcept {
    return compare_exchange(expected, desired, order, model::seam::order_of_failure(order),
                            /*weak=*/true, site);
  }

 private:
  std::uint64_t held() const { return model::seam::to_bits(value_); }

  template <class Next>
  T change(Next next, Order order, Site site) noexcept {
    const T old = model::seam::from_bits<T>(model::seam::begin_exchange(this, held(), order, site));
    const T changed = next(old);
    if (model::seam::end_exchange(model::seam::to_bits(changed))) value_ = changed;
    return old;
  }

  bool compare_exchange(T& expected, T desired, Order success, Order failure, bool weak,
                        Site site) noexcept {
    std::uint64_t bits = model::seam::to_bits(expected);
    bool is_newest = true;
    if (model::seam::compare_exchange(this, held(), bits, model::seam::to_bits(desired), success,
                                      failure, weak, is_newest, site)) {
      if (is_newest) value_ = desired;
      return true;
    }
    expected = model::seam::from_bits<T>(bits);
    return false;
  }

  // The newest store.
  T value_;
};

inline void cpu_relax() noexcept { model::seam::pause(); }

// What Mutex is made of.
class SystemMutex {
 public:
  void lock() { model::seam::lock(this); }
  bool try_lock() { return model::seam::try_lock(this); }
  void unlock() { model::seam::unlock(this); }
};

}  // namespace ekiden::runtime
