// Assertions for our own invariants. They stay on in every build: a broken invariant of the
// scheduler is worth less than the stop that names it. Operating errors (a full queue, a missing
// file) are results, never checks.
#pragma once

namespace ekiden::runtime {

// Writes one line on stderr and aborts. Any thread.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace ekiden::runtime

#define EKIDEN_CHECK(condition)                      \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::ekiden::runtime::check_failed(#condition, __FILE__, __LINE__))
