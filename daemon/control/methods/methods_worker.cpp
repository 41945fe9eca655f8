// worker.list, queue.list.
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::WorkerInfo;

json current_json(const Backends& backends, const WorkerInfo& worker) {
  if (worker.current_task.is_null()) return nullptr;
  return {{"plugin", backends.plugins.owner_plugin(worker.current_owner)},
          {"type", worker.current_type},
          {"task", task_id(worker.current_task)},
          {"for_ms", worker.current_for_ns / runtime::kNanosPerMilli}};
}

json worker_json(const Backends& backends, const WorkerInfo& worker) {
  return {{"id", worker.id},
          {"state", worker.state},
          {"polls", worker.polls},
          {"busy_ms", worker.busy_ns / runtime::kNanosPerMilli},
          {"lifo_hits", worker.lifo_hits},
          {"steals", worker.steals},
          {"stolen_tasks", worker.stolen_tasks},
          {"overflows", worker.overflows},
          {"parks", worker.parks},
          {"local_depth", worker.local_depth},
          {"high_water", worker.local_high_water},
          {"timer_fires", worker.timer_fires},
          {"io_events", worker.io_events},
          {"budget_yields", worker.budget_yields},
          {"stalls", worker.stalls},
          {"longest_stall_ms", worker.longest_stall_ns / runtime::kNanosPerMilli},
          {"stuck_ms",
           worker.stuck_ns != 0 ? json(worker.stuck_ns / runtime::kNanosPerMilli) : json(nullptr)},
          {"replaces", worker.replaces ? json(*worker.replaces) : json(nullptr)},
          {"current", current_json(backends, worker)}};
}

// Without replacements that have left: their counters matter to sums only.
std::vector<WorkerInfo> present_workers(const Backends& backends) {
  std::vector<WorkerInfo> workers = backends.runtime.list_workers();
  std::erase_if(workers, [](const WorkerInfo& worker) { return worker.state == "left"; });
  return workers;
}

json local_queue_json(const WorkerInfo& worker, const runtime::QueueInfo& queues) {
  // A local queue refuses nothing: what does not fit moves on to the global one.
  return {{"name", "local." + std::to_string(worker.id)},
          {"depth", worker.local_depth},
          {"capacity", queues.local_capacity},
          {"high_water", worker.local_high_water},
          {"overflows", worker.overflows},
          {"refusals", 0}};
}

json channel_json(const runtime::ChannelInfo& channel) {
  return {{"name", channel.name},
          {"closed", channel.closed},
          {"depth", channel.queued},
          {"capacity", channel.capacity},
          {"bytes", channel.queued_bytes},
          {"high_water", channel.high_water},
          {"senders", channel.senders},
          {"receivers", channel.receivers},
          {"senders_waiting", channel.senders_waiting},
          {"receivers_waiting", channel.receivers_waiting},
          {"sent", channel.sent},
          {"received", channel.received},
          {"send_waits", channel.send_waits}};
}

}  // namespace

json worker_rows(const Backends& backends) {
  json rows = json::array();
  for (const WorkerInfo& worker : present_workers(backends)) {
    rows.push_back(worker_json(backends, worker));
  }
  return rows;
}

json all_worker_rows(const Backends& backends) {
  json rows = json::array();
  for (const WorkerInfo& worker : backends.runtime.list_workers())
    rows.push_back(worker_json(backends, worker));
  return rows;
}

json replacement_counts(const Backends& backends) {
  std::uint64_t started = 0;
  std::uint64_t active = 0;
  for (const WorkerInfo& worker : backends.runtime.list_workers()) {
    started += worker.replacements;
    active += worker.replaces.has_value();
  }
  return {{"started", started}, {"active", active}};
}

json queue_rows(const Backends& backends) {
  const runtime::QueueInfo queues = backends.runtime.queue_info();
  json rows = json::array();
  rows.push_back({{"name", "global"},
                  {"depth", queues.global_depth},
                  {"capacity", queues.global_capacity},
                  {"high_water", queues.global_high_water},
                  {"overflows", queues.overflows},
                  {"refusals", queues.refusals},
                  {"pushes", queues.global_pushes}});
  for (const WorkerInfo& worker : present_workers(backends)) {
    rows.push_back(local_queue_json(worker, queues));
  }
  rows.push_back({{"name", "blocking"},
                  {"depth", queues.blocking_depth},
                  {"capacity", queues.blocking_capacity},
                  {"high_water", queues.blocking_high_water},
                  {"overflows", 0},
                  {"refusals", queues.blocking_refusals},
                  {"threads", queues.blocking_threads}});
  return rows;
}

json channel_rows(const Backends& backends) {
  json rows = json::array();
  for (const runtime::ChannelInfo& channel : backends.runtime.list_channels())
    rows.push_back(channel_json(channel));
  return rows;
}

void add_worker_methods(MethodTable& table, const Backends& backends) {
  table.add("worker.list", {.summary = "Every worker: what it does and what it has done.",
                            .params = {},
                            .handler = [backends](const json&, Responder responder) {
                              responder.result({{"workers", worker_rows(backends)}});
                            }});
  table.add(
      "queue.list",
      {.summary = "The global queue, every worker's own, the blocking pool's, and channels.",
       .params = {},
       .handler = [backends](const json&, Responder responder) {
         responder.result({{"queues", queue_rows(backends)}, {"channels", channel_rows(backends)}});
       }});
}

}  // namespace ekiden::daemon::control
