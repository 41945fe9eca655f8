// Filling and reading the ekd_error that callers own.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ekiden::daemon::host {

// Fills `err`; the text is cut to what fits, between code points. NULL, and a struct whose
// struct_size is wrong, are left alone. Returns `code`. Allocates nothing; any thread.
std::int32_t fill_error(ekd_error* err, std::int32_t code, std::string_view text,
                        std::int32_t os_errno = 0) noexcept;

// The same for a system call that failed: "<what>: <the error's name in words>".
std::int32_t fill_os_error(ekd_error* err, std::string_view what, int os_errno) noexcept;

// What a plugin put into its error, made safe to print. Empty where it said nothing.
std::string error_text(const ekd_error* err);

}  // namespace ekiden::daemon::host
