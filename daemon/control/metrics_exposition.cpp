#include "daemon/control/metrics_exposition.hpp"

#include <nlohmann/json.hpp>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/json_line.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/metrics_facts.hpp"
#include "daemon/metrics/prometheus.hpp"

namespace ekiden::daemon::control {

std::string MetricsExposition::render(metrics::Format format) const {
  if (format == metrics::Format::kJson) return write_json(metrics_json(backends_));
  return metrics::prometheus_text(metrics::families_of(collect_facts(backends_)));
}

metrics::Readiness MetricsExposition::readiness() const {
  switch (backends_.daemon.phase()) {
    case Phase::kStarting:
      return metrics::Readiness::kStarting;
    case Phase::kReady:
      return metrics::Readiness::kReady;
    case Phase::kDraining:
      return metrics::Readiness::kDraining;
  }
  return metrics::Readiness::kDraining;
}

}  // namespace ekiden::daemon::control
