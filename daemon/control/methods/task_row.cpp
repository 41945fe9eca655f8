#include "daemon/control/methods/task_row.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/control/methods/registration.hpp"
#include "daemon/control/methods/task_query.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::TaskInfo;
using runtime::WaitKind;

// In the order of runtime::SpawnOrigin.
constexpr std::array<std::string_view, 6> kOriginNames = {"unknown",   "task", "drop",
                                                          "lifecycle", "job",  "own_thread"};

json milliseconds(runtime::Nanos ns) { return ns / runtime::kNanosPerMilli; }

}  // namespace

const std::string& TaskRows::plugin_of(runtime::OwnerId owner) {
  const auto [position, is_new] = plugins_.try_emplace(owner);
  if (is_new) position->second = backends_.plugins.owner_plugin(owner);
  return position->second;
}

json TaskRows::wait_of(const TaskInfo& task) const {
  if (task.wait_kind == WaitKind::kUnknown) return nullptr;
  json wait = {{"kind", kWaitKindNames.at(static_cast<std::size_t>(task.wait_kind))}};
  if (task.wait_kind == WaitKind::kChildren) {
    wait["count"] = task.children;
    return wait;
  }
  const WaitFacts facts = backends_.runtime.describe_wait(task);
  if (task.waits_on) wait["id"] = task_id(*task.waits_on);
  if (facts.deadline_in_ms) wait["deadline_in_ms"] = *facts.deadline_in_ms;
  if (facts.descriptor) wait["fd"] = *facts.descriptor;
  if (!facts.direction.empty()) wait["direction"] = facts.direction;
  if (!facts.local_address.empty()) wait["local"] = facts.local_address;
  if (!facts.peer_address.empty()) wait["peer"] = facts.peer_address;
  if (!facts.task_type.empty()) wait["type"] = facts.task_type;
  if (!facts.job_state.empty()) wait["state"] = facts.job_state;
  if (!facts.channel.empty()) wait["channel"] = facts.channel;
  return wait;
}

json TaskRows::spawner_of(const TaskInfo& task) const {
  if (task.origin == runtime::SpawnOrigin::kUnknown) return nullptr;
  json spawner = {{"kind", kOriginNames.at(static_cast<std::size_t>(task.origin))}};
  if (task.parent.is_null()) return spawner;
  spawner["id"] = task_id(task.parent);
  const auto parent = backends_.runtime.task_info(task.parent);
  spawner["type"] = parent ? json(parent->type) : json(nullptr);
  return spawner;
}

json TaskRows::row(const TaskInfo& task) {
  json row = {{"id", task_id(task.id)},
              {"plugin", plugin_of(task.owner)},
              {"type", task.type},
              {"name", task.name},
              {"state", kTaskStateNames.at(static_cast<std::size_t>(task.state))},
              {"cancelled", task.cancelled},
              {"age_ms", milliseconds(task.age_ns)},
              {"polls", task.polls},
              {"last_worker", task.last_worker},
              {"children", task.children},
              {"parent", nullptr},
              {"spawned_by", spawner_of(task)},
              {"waiting_ms", nullptr},
              {"waits_on", nullptr}};
  if (!task.parent.is_null()) row["parent"] = task_id(task.parent);
  if (task.state != runtime::TaskState::kWaiting) return row;
  if (task.waiting_ns) row["waiting_ms"] = milliseconds(*task.waiting_ns);
  row["waits_on"] = wait_of(task);
  return row;
}

}  // namespace ekiden::daemon::control
