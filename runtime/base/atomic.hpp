// The seam for atomics. Lock-free code of the runtime says `Atomic<T>`, so that the very same code
// can be compiled over a checking atomic: define EKIDEN_ATOMIC_SEAM as a header that provides
// `Atomic`, `cpu_relax` and, for mutex.hpp, `SystemMutex` in ekiden::runtime (the idea is folly's
// `template <class> class Atom`, without a template parameter on every class). tests/model does.
//
// There are no standalone fences on purpose: ThreadSanitizer does not understand them. Where a
// store must be seen before a later load (Dekker), both sides use seq_cst operations.
#pragma once

#ifdef EKIDEN_ATOMIC_SEAM
#include EKIDEN_ATOMIC_SEAM
#else
#include <atomic>

namespace ekiden::runtime {

template <class T>
using Atomic = std::atomic<T>;

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ekiden::runtime
#endif

#include <cstddef>

namespace ekiden::runtime {

// Two cores never write into the same block of this size unless they mean to.
inline constexpr std::size_t kCacheLineBytes = 64;

// For counters with one writing thread and any number of readers: a plain add on x86, no lock
// prefix. Only the owner may call it.
template <class T>
inline void add_relaxed(Atomic<T>& counter, T amount) noexcept {
  // relaxed: a counter publishes nothing but itself.
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

template <class T>
inline void max_relaxed(Atomic<T>& mark, T value) noexcept {
  if (value > mark.load(std::memory_order_relaxed)) mark.store(value, std::memory_order_relaxed);
}

}  // namespace ekiden::runtime
