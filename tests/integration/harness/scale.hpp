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

constexpr std::size_t scaled(std::size_t full, std::size_t sanitized) {
  return kSanitized ? sanitized : full;
}

}  // namespace ekiden::integration
