// The kernel's wait on a 32-bit word, private to the process.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"

namespace ekiden::runtime {

// Sleeps while `word` holds `expected`; may return for no reason. Any thread.
void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;
// The same, for at most `for_ns`.
void futex_wait_for(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                    Nanos for_ns) noexcept;
// Wakes up to `count` sleepers.
void futex_wake(const Atomic<std::uint32_t>& word, int count) noexcept;

}  // namespace ekiden::runtime
