// Quantities for people.
#pragma once

#include <cstdint>
#include <string>

namespace ekiden::daemon::ctl {

// The two largest units that matter: "350 ms", "1.2 s", "5 min 3 s", "3 h 20 min", "12 d 4 h".
std::string duration_text(std::int64_t milliseconds);

// Three digits: "85 ns", "1.24 us", "12.4 ms", "2.01 s".
std::string nanos_text(std::uint64_t nanoseconds);

// "512 B", "1.5 KiB", "20.3 MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace ekiden::daemon::ctl
