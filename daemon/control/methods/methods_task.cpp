// task.list, .info, .cancel.
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/config/limits.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::Handle;
using runtime::TaskInfo;

// In the order of runtime::TaskState.
constexpr std::array<std::string_view, 5> kStateNames = {"reserved", "queued", "running", "waiting",
                                                         "ended"};

json wait_json(const Backends& backends, Handle on) {
  const WaitFacts facts = backends.runtime.describe_wait(on);
  json wait = {{"kind", facts.kind}, {"id", task_id(on)}};
  if (facts.deadline_in_ms) wait["deadline_in_ms"] = *facts.deadline_in_ms;
  if (facts.descriptor) wait["fd"] = *facts.descriptor;
  if (!facts.local_address.empty()) wait["local"] = facts.local_address;
  if (!facts.peer_address.empty()) wait["peer"] = facts.peer_address;
  return wait;
}

json task_json(const Backends& backends, const TaskInfo& task) {
  json row = {{"id", task_id(task.id)},
              {"plugin", backends.plugins.owner_plugin(task.owner)},
              {"type", task.type},
              {"name", task.name},
              {"state", kStateNames.at(static_cast<std::size_t>(task.state))},
              {"cancelled", task.cancelled},
              {"age_ms", task.age_ns / runtime::kNanosPerMilli},
              {"polls", task.polls},
              {"last_worker", task.last_worker},
              {"parent", nullptr},
              {"waits_on", nullptr}};
  if (!task.parent.is_null()) row["parent"] = task_id(task.parent);
  if (task.waits_on && task.state == runtime::TaskState::kWaiting) {
    row["waits_on"] = wait_json(backends, *task.waits_on);
  }
  return row;
}

ParamSpec id_spec(std::string name, bool required) {
  return {.name = std::move(name),
          .required = required,
          .summary = "A task's id as task.list gives it, such as 0x300000001.",
          .max_bytes = 18};
}

RpcError not_an_id(std::string_view name, std::string_view text) {
  return {ErrorKind::kInvalidParams,
          "the parameter '" + std::string(name) + "' is no task's id: '" + escape_text(text) +
              "'; it must be one that task.list gave, such as 0x300000001",
          {}};
}

RpcError no_such_task(Handle task) {
  return {ErrorKind::kNotFound, "there is no task " + task_id(task) + "; it may have ended", {}};
}

struct Selection {
  std::optional<runtime::OwnerId> owner;
  Handle after;
  std::size_t limit = 0;
};

// False: the responder has been told why.
bool select(const Backends& backends, const json& params, Selection& selection,
            Responder& responder) {
  if (const std::string* after = text_param(params, "after")) {
    const auto id = parse_task_id(*after);
    if (!id) return responder.error(not_an_id("after", *after)), false;
    selection.after = *id;
  }
  if (const std::string* plugin = text_param(params, "plugin")) {
    const auto row = backends.plugins.find(*plugin);
    if (!row) {
      responder.error({ErrorKind::kNotFound,
                       "there is no plugin '" + *plugin + "'; plugin.list names them",
                       {}});
      return false;
    }
    selection.owner = row->owner;
  }
  selection.limit =
      static_cast<std::size_t>(integer_param(params, "limit").value_or(kTaskListDefault));
  return true;
}

void list_tasks(const Backends& backends, const json& params, Responder responder) {
  Selection selection;
  if (!select(backends, params, selection, responder)) return;
  json rows = json::array();
  json next = nullptr;
  // A plugin that was never loaded has no owner, and so no tasks.
  if (!selection.owner || *selection.owner != runtime::kRuntimeOwner) {
    const std::vector<TaskInfo> tasks =
        backends.runtime.list_tasks(selection.owner, selection.after, selection.limit);
    for (const TaskInfo& task : tasks)
      rows.push_back(task_json(backends, task));
    if (tasks.size() == selection.limit) next = task_id(tasks.back().id);
  }
  responder.result({{"tasks", std::move(rows)}, {"next", std::move(next)}});
}

void info(const Backends& backends, const json& params, Responder responder) {
  const std::string& text = *text_param(params, "id");
  const auto id = parse_task_id(text);
  if (!id) return responder.error(not_an_id("id", text));
  const auto task = backends.runtime.task_info(*id);
  if (!task) return responder.error(no_such_task(*id));
  responder.result(task_json(backends, *task));
}

void cancel(const Backends& backends, const json& params, Responder responder) {
  const std::string& text = *text_param(params, "id");
  const auto id = parse_task_id(text);
  if (!id) return responder.error(not_an_id("id", text));
  switch (backends.runtime.cancel_task(*id)) {
    case runtime::Status::kOk:
      return responder.result({{"id", task_id(*id)}, {"cancelled", true}});
    case runtime::Status::kStale:
      return responder.error(no_such_task(*id));
    default:
      responder.error({ErrorKind::kConflict,
                       "the task " + task_id(*id) + " cannot be cancelled in the state it is in",
                       {}});
  }
}

Method list_method(const Backends& backends) {
  ParamSpec limit{.name = "limit",
                  .type = ParamType::kInteger,
                  .summary = "Rows at most; 1000 if absent.",
                  .min = 1,
                  .max = kTaskListMax};
  ParamSpec after = id_spec("after", false);
  after.summary = "Where to go on: 'next' of the answer before.";
  ParamSpec plugin{.name = "plugin",
                   .summary = "Only tasks of this plugin.",
                   .max_bytes = limits::kPluginNameMaxBytes};
  return {.summary = "Live tasks; 'next' is where to go on, null at the end.",
          .params = {std::move(limit), std::move(after), std::move(plugin)},
          .handler = [backends](const json& params, Responder responder) {
            list_tasks(backends, params, std::move(responder));
          }};
}

}  // namespace

void add_task_methods(MethodTable& table, const Backends& backends) {
  table.add("task.list", list_method(backends));
  table.add("task.info", {.summary = "One live task.",
                          .params = {id_spec("id", true)},
                          .handler = [backends](const json& params, Responder responder) {
                            info(backends, params, std::move(responder));
                          }});
  table.add("task.cancel", {.summary = "Asks a task to end, in the way its type says.",
                            .params = {id_spec("id", true)},
                            .handler = [backends](const json& params, Responder responder) {
                              cancel(backends, params, std::move(responder));
                            }});
}

}  // namespace ekiden::daemon::control
