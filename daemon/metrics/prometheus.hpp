// The text format of Prometheus, version 0.0.4.
#pragma once

#include <string>
#include <vector>

#include "daemon/metrics/family.hpp"

namespace ekiden::daemon::metrics {

inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

// The bounds of a histogram's buckets: 2^kBoundFirst to 2^kBoundLast, and infinity. In nanoseconds
// they are 256 ns to 17 s; each is a bound of the finer buckets, so nothing is estimated.
inline constexpr unsigned kBoundFirst = 8;
inline constexpr unsigned kBoundLast = 34;

// Any bytes may be in help texts and label values: a control character, or what is not UTF-8,
// becomes `\xXX`, spelt out. So the text is safe to print.
std::string prometheus_text(const std::vector<Family>& families);

}  // namespace ekiden::daemon::metrics
