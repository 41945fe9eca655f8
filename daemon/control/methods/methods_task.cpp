// task.list, .dump, .info, .cancel.
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/limits.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/methods/task_listing.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::Handle;

RpcError not_an_id(std::string_view text) {
  return {ErrorKind::kInvalidParams,
          "the parameter 'id' is no task's id: '" + escape_text(text) +
              "'; it must be one that task.list gave, such as 0x300000001",
          {}};
}

RpcError no_such_task(Handle task) {
  return {ErrorKind::kNotFound, "there is no task " + task_id(task) + "; it may have ended", {}};
}

// Adds what else an answer has, once the page is there.
using Finish = void (*)(const Backends& backends, const json& params, json& result);

struct Listing {
  Listing(const Backends& all, const json& given, TaskQuery query, Finish then)
      : backends(all), params(given), tasks(all, std::move(query)), finish(then) {}

  const Backends backends;
  const json params;
  TaskListing tasks;
  const Finish finish;
};

// One part now, the next after the others have had their turn.
void go_on(const std::shared_ptr<Listing>& listing, Responder responder) {
  if (!listing->tasks.step()) {
    return std::move(responder).defer(
        [listing](Responder later) { go_on(listing, std::move(later)); });
  }
  json result = listing->tasks.take_result();
  if (listing->finish != nullptr) {
    listing->finish(listing->backends, listing->params, result);
  }
  responder.result(result);
}

void begin(const Backends& backends, const json& params, std::size_t limit_if_absent, Finish finish,
           Responder responder) {
  TaskQuery query;
  if (const auto error = read_task_query(backends, params, limit_if_absent, query)) {
    return responder.error(*error);
  }
  go_on(std::make_shared<Listing>(backends, params, std::move(query), finish),
        std::move(responder));
}

// What the workers do comes with the first page of a dump.
void add_workers(const Backends& backends, const json& params, json& result) {
  if (text_param(params, "after") == nullptr) result["workers"] = worker_rows(backends);
}

void info(const Backends& backends, const json& params, Responder responder) {
  const std::string& text = *text_param(params, "id");
  const auto id = parse_task_id(text);
  if (!id) return responder.error(not_an_id(text));
  const auto task = backends.runtime.task_info(*id);
  if (!task) return responder.error(no_such_task(*id));
  responder.result(TaskRows(backends).row(*task));
}

void cancel(const Backends& backends, const json& params, Responder responder) {
  const std::string& text = *text_param(params, "id");
  const auto id = parse_task_id(text);
  if (!id) return responder.error(not_an_id(text));
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

ParamSpec id_spec() {
  return {.name = "id",
          .required = true,
          .summary = "A task's id as task.list gives it, such as 0x300000001.",
          .max_bytes = 18};
}

}  // namespace

void add_task_methods(MethodTable& table, const Backends& backends) {
  table.add("task.list",
            {.summary = "Live tasks: filtered, sorted, by pages; 'next' is where to go on.",
             .params = task_list_params(),
             .handler = [backends](const json& params, Responder responder) {
               begin(backends, params, kTaskListDefault, nullptr, std::move(responder));
             }});
  table.add("task.dump",
            {.summary = "Every live task by large pages, and with the first one what workers do.",
             .params = task_dump_params(),
             .handler = [backends](const json& params, Responder responder) {
               begin(backends, params, kTaskListMax, add_workers, std::move(responder));
             }});
  table.add("task.info",
            {.summary = "One live task: what it waits for, since when, and who spawned it.",
             .params = {id_spec()},
             .handler = [backends](const json& params, Responder responder) {
               info(backends, params, std::move(responder));
             }});
  table.add("task.cancel", {.summary = "Asks a task to end, in the way its type says.",
                            .params = {id_spec()},
                            .handler = [backends](const json& params, Responder responder) {
                              cancel(backends, params, std::move(responder));
                            }});
}

}  // namespace ekiden::daemon::control
