// metrics.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::TypeInfo;

// The counters that types have and that plugins are the sum of.
struct Counters {
  std::uint64_t live = 0;
  std::uint64_t spawned = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t dropped = 0;
  std::uint64_t polls = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t stalls = 0;
  std::uint64_t longest_stall_ns = 0;

  void add(const TypeInfo& type) {
    live += type.live;
    spawned += type.spawned;
    completed += type.completed;
    failed += type.failed;
    cancelled += type.cancelled;
    dropped += type.dropped;
    polls += type.polls;
    busy_ns += type.busy_ns;
    stalls += type.stalls;
    longest_stall_ns = std::max(longest_stall_ns, type.longest_stall_ns);
  }

  json to_json() const {
    return {{"live", live},           {"spawned", spawned},
            {"completed", completed}, {"failed", failed},
            {"cancelled", cancelled}, {"dropped", dropped},
            {"polls", polls},         {"busy_ns", busy_ns},
            {"stalls", stalls},       {"longest_stall_ns", longest_stall_ns}};
  }
};

json type_json(const Backends& backends, const TypeInfo& type) {
  Counters counters;
  counters.add(type);
  json row = counters.to_json();
  row["plugin"] = backends.plugins.owner_plugin(type.owner);
  row["type"] = type.name;
  return row;
}

json plugin_json(const PluginRow& plugin, const Counters& counters) {
  json row = counters.to_json();
  row["plugin"] = plugin.name;
  row["generation"] = plugin.generation;
  row["state"] = plugin.state;
  row["timers"] = plugin.timers;
  row["descriptors"] = plugin.descriptors;
  row["jobs"] = plugin.jobs;
  row["memory_bytes"] = plugin.memory_bytes;
  row["refusals"] = plugin.refusals;
  return row;
}

json metrics(const Backends& backends) {
  json types = json::array();
  std::map<runtime::OwnerId, Counters> by_owner;
  for (const TypeInfo& type : backends.runtime.list_types()) {
    by_owner[type.owner].add(type);
    types.push_back(type_json(backends, type));
  }
  json plugins = json::array();
  for (const PluginRow& plugin : backends.plugins.list()) {
    const bool has_owner = plugin.owner != runtime::kRuntimeOwner;
    plugins.push_back(plugin_json(plugin, has_owner ? by_owner[plugin.owner] : Counters{}));
  }
  return {{"uptime_ms", backends.daemon.uptime_ns() / runtime::kNanosPerMilli},
          {"tasks", backends.runtime.live_tasks()},
          {"workers", all_worker_rows(backends)},
          {"replacements", replacement_counts(backends)},
          {"queues", queue_rows(backends)},
          {"plugins", std::move(plugins)},
          {"types", std::move(types)},
          {"log", {{"dropped", log::dropped()}}}};
}

}  // namespace

void add_metrics_methods(MethodTable& table, const Backends& backends) {
  table.add("metrics", {.summary = "Every counter, by worker, queue, plugin and task type.",
                        .params = {},
                        .handler = [backends](const json&, Responder responder) {
                          responder.result(metrics(backends));
                        }});
}

}  // namespace ekiden::daemon::control
