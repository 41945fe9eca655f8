// Reads everything that is counted from runtime and plugins, for whatever form it is shown in.
#pragma once

#include "daemon/control/methods.hpp"
#include "daemon/metrics/collect.hpp"

namespace ekiden::daemon::control {

// On the control thread, or one that may wait for a lock.
metrics::Facts collect_facts(const Backends& backends);

}  // namespace ekiden::daemon::control
