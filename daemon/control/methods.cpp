#include "daemon/control/methods.hpp"

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods/registration.hpp"

namespace ekiden::daemon::control {

std::shared_ptr<const MethodTable> make_method_table(const Backends& backends) {
  auto table = std::make_shared<MethodTable>();
  add_config_methods(*table, backends);
  add_daemon_methods(*table, backends);
  add_log_methods(*table);
  add_metrics_methods(*table, backends);
  add_plugin_methods(*table, backends);
  add_task_methods(*table, backends);
  add_worker_methods(*table, backends);
  add_discover_method(*table, backends.daemon.version());
  return table;
}

}  // namespace ekiden::daemon::control
