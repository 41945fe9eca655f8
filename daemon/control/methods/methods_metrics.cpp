// metrics.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/metrics_facts.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/metrics/own_metrics.hpp"
#include "daemon/metrics/prometheus.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::HistogramSnapshot;
using runtime::TypeInfo;
using runtime::TypeTimesSnapshot;

json histogram_json(const HistogramSnapshot& histogram) {
  return {{"count", histogram.count()},      {"sum", histogram.sum_ns},
          {"p50", histogram.quantile(0.5)},  {"p90", histogram.quantile(0.9)},
          {"p99", histogram.quantile(0.99)}, {"p999", histogram.quantile(0.999)},
          {"max", histogram.max()}};
}

void add_times(json& row, const TypeTimesSnapshot& times) {
  row["poll_ns"] = histogram_json(times.poll);
  row["delay_ns"] = histogram_json(times.delay);
}

// What types have and plugins are the sum of.
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
  TypeTimesSnapshot times;

  void add(const TypeInfo& type, const TypeTimesSnapshot& type_times) {
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
    times += type_times;
  }

  // `all_busy_ns`: what the workers spent on tasks.
  json to_json(std::uint64_t all_busy_ns) const {
    json row = {{"live", live},           {"spawned", spawned},
                {"completed", completed}, {"failed", failed},
                {"cancelled", cancelled}, {"dropped", dropped},
                {"polls", polls},         {"busy_ns", busy_ns},
                {"stalls", stalls},       {"longest_stall_ns", longest_stall_ns}};
    row["cpu_share"] =
        all_busy_ns == 0 ? 0.0 : static_cast<double>(busy_ns) / static_cast<double>(all_busy_ns);
    add_times(row, times);
    return row;
  }
};

json plugin_json(const PluginRow& plugin, const Counters& counters, std::uint64_t all_busy_ns) {
  json row = counters.to_json(all_busy_ns);
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

constexpr const char* unit_name(metrics::Unit unit) {
  switch (unit) {
    case metrics::Unit::kSeconds:
      return "ns";
    case metrics::Unit::kBytes:
      return "bytes";
    case metrics::Unit::kNone:
      break;
  }
  return "";
}

// What plugins count themselves. Time is in nanoseconds, as everywhere in the answer.
json own_json() {
  json rows = json::array();
  for (const metrics::Family& family : metrics::collect_own_metrics()) {
    for (const metrics::Sample& sample : family.samples) {
      json row = {{"name", family.name}, {"help", family.help}, {"unit", unit_name(family.unit)}};
      for (const auto& [name, value] : sample.labels)
        row[name] = value;
      if (sample.histogram) {
        row["histogram"] = histogram_json(*sample.histogram);
      } else {
        row["value"] = sample.value;
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

json worker_rows_with_times(const Backends& backends) {
  json rows = all_worker_rows(backends);
  for (json& row : rows)
    add_times(row, backends.runtime.worker_times(row.at("id").get<unsigned>()));
  return rows;
}

std::uint64_t busy_of_workers(const Backends& backends) {
  std::uint64_t busy_ns = 0;
  for (const auto& worker : backends.runtime.list_workers())
    busy_ns += worker.busy_ns;
  return busy_ns;
}

std::string metrics_text(const Backends& backends) {
  return metrics::prometheus_text(metrics::families_of(collect_facts(backends)));
}

}  // namespace

json metrics_json(const Backends& backends) {
  const std::uint64_t all_busy_ns = busy_of_workers(backends);
  json types = json::array();
  std::map<runtime::OwnerId, Counters> by_owner;
  for (const TypeInfo& type : backends.runtime.list_types()) {
    Counters counters;
    counters.add(type, backends.runtime.type_times(type.id));
    by_owner[type.owner].add(type, counters.times);
    json row = counters.to_json(all_busy_ns);
    row["plugin"] = backends.plugins.owner_plugin(type.owner);
    row["type"] = type.name;
    types.push_back(std::move(row));
  }
  json plugins = json::array();
  for (const PluginRow& plugin : backends.plugins.list()) {
    const bool has_owner = plugin.owner != runtime::kRuntimeOwner;
    plugins.push_back(
        plugin_json(plugin, has_owner ? by_owner[plugin.owner] : Counters{}, all_busy_ns));
  }
  return {{"uptime_ms", backends.daemon.uptime_ns() / runtime::kNanosPerMilli},
          {"tasks", backends.runtime.live_tasks()},
          {"workers", worker_rows_with_times(backends)},
          {"replacements", replacement_counts(backends)},
          {"queues", queue_rows(backends)},
          {"channels", channel_rows(backends)},
          {"plugins", std::move(plugins)},
          {"types", std::move(types)},
          {"plugin_metrics", own_json()},
          {"log", {{"dropped", log::dropped()}}}};
}

void add_metrics_methods(MethodTable& table, const Backends& backends) {
  const ParamSpec format = {.name = "format",
                            .summary = "json (if absent), or the text that Prometheus reads",
                            .one_of = {"json", "prometheus"}};
  table.add("metrics", {.summary = "Every counter, by worker, queue, plugin and task type.",
                        .params = {format},
                        .handler = [backends](const json& params, Responder responder) {
                          const std::string* asked = text_param(params, "format");
                          if (asked != nullptr && *asked == "prometheus") {
                            responder.result({{"text", metrics_text(backends)}});
                          } else {
                            responder.result(metrics_json(backends));
                          }
                        }});
}

}  // namespace ekiden::daemon::control
