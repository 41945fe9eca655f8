#include "daemon/metrics/exposition.hpp"

#include <mutex>
#include <shared_mutex>

namespace ekiden::daemon::metrics {
namespace {

struct Current {
  std::shared_mutex mutex;
  const Exposition* exposition = nullptr;
};

Current& current() {
  static Current the_one;
  return the_one;
}

}  // namespace

void set_exposition(const Exposition* exposition) {
  const std::unique_lock lock(current().mutex);
  current().exposition = exposition;
}

std::optional<std::string> render(Format format) {
  const std::shared_lock lock(current().mutex);
  if (current().exposition == nullptr) return std::nullopt;
  return current().exposition->render(format);
}

std::optional<Readiness> readiness() {
  const std::shared_lock lock(current().mutex);
  if (current().exposition == nullptr) return std::nullopt;
  return current().exposition->readiness();
}

}  // namespace ekiden::daemon::metrics
