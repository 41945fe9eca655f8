#include "daemon/plugins/steady_time.hpp"

#include <cstdio>

namespace ekiden::daemon {

std::string duration_text(runtime::Nanos duration_ns) {
  char text[32];
  if (duration_ns >= runtime::kNanosPerSecond) {
    std::snprintf(text, sizeof(text), "%.1f s", static_cast<double>(duration_ns) / 1e9);
  } else {
    std::snprintf(text, sizeof(text), "%.0f ms", static_cast<double>(duration_ns) / 1e6);
  }
  return text;
}

}  // namespace ekiden::daemon
