// The daemon's answer to plugins that ask for its metrics. Answers from its construction to its
// destruction, which waits until no plugin is asking.
#pragma once

#include "daemon/control/methods.hpp"
#include "daemon/metrics/exposition.hpp"

namespace ekiden::daemon::control {

class MetricsExposition final : public metrics::Exposition {
 public:
  explicit MetricsExposition(const Backends& backends) : backends_(backends) {
    metrics::set_exposition(this);
  }
  ~MetricsExposition() { metrics::set_exposition(nullptr); }
  MetricsExposition(const MetricsExposition&) = delete;
  MetricsExposition& operator=(const MetricsExposition&) = delete;

  std::string render(metrics::Format format) const override;
  metrics::Readiness readiness() const override;

 private:
  const Backends backends_;
};

}  // namespace ekiden::daemon::control
