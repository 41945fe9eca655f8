// How large the tests are. Sanitizers make everything five to fifteen times slower, and their own
// memory hides the daemon's.
#pragma once

#include <cstddef>

namespace ekiden::integration {

#ifdef EKIDEN_SANITIZE
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// ThreadSanitizer runs a thread of its own in every process, which wakes up all the time.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EKIDEN_THREAD_SANITIZER
#endif
#endif
#ifdef EKIDEN_THREAD_SANITIZER
inline constexpr bool kWakesUpByItself = true;
#else
inline constexpr bool kWakesUpByItself = false;
#endif

constexpr std::size_t scaled(std::size_t full, std::size_t sanitized) {
  return kSanitized ? sanitized : full;
}

}  // namespace ekiden::integration
