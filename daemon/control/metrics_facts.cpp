#include "daemon/control/metrics_facts.hpp"

#include <map>
#include <utility>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/metrics/own_metrics.hpp"

namespace ekiden::daemon::control {
namespace {

metrics::PluginFacts plugin_facts(const PluginRow& row, std::uint64_t busy_ns) {
  metrics::PluginFacts facts;
  facts.name = row.name;
  facts.version = row.version;
  facts.state = row.state;
  facts.tasks = row.tasks;
  facts.timers = row.timers;
  facts.descriptors = row.descriptors;
  facts.jobs = row.jobs;
  facts.memory_bytes = row.memory_bytes;
  facts.refusals = row.refusals;
  facts.busy_ns = busy_ns;
  return facts;
}

}  // namespace

metrics::Facts collect_facts(const Backends& backends) {
  metrics::Facts facts;
  facts.version = backends.daemon.version();
  facts.uptime_ns = backends.daemon.uptime_ns();
  facts.log_dropped = log::dropped();
  facts.queues = backends.runtime.queue_info();
  facts.channels = backends.runtime.list_channels();
  for (runtime::WorkerInfo& worker : backends.runtime.list_workers()) {
    const unsigned id = worker.id;
    facts.workers.push_back({std::move(worker), backends.runtime.worker_times(id)});
  }
  std::map<runtime::OwnerId, std::uint64_t> busy_ns;
  for (runtime::TypeInfo& type : backends.runtime.list_types()) {
    busy_ns[type.owner] += type.busy_ns;
    std::string plugin = backends.plugins.owner_plugin(type.owner);
    const runtime::TypeId id = type.id;
    facts.types.push_back({std::move(plugin), std::move(type), backends.runtime.type_times(id)});
  }
  for (const PluginRow& row : backends.plugins.list()) {
    const bool has_owner = row.owner != runtime::kRuntimeOwner;
    facts.plugins.push_back(plugin_facts(row, has_owner ? busy_ns[row.owner] : 0));
  }
  facts.own = metrics::collect_own_metrics();
  return facts;
}

}  // namespace ekiden::daemon::control
