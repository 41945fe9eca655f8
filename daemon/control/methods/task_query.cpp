#include "daemon/control/methods/task_query.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/config/limits.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::TaskKey;

constexpr std::size_t kCursorMaxBytes = 64;

template <std::size_t N>
std::size_t position(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

template <class Names>
std::vector<std::string> words(const Names& names) {
  return {names.begin(), names.end()};
}

// --- Parameters -------------------------------------------------------------------------------

ParamSpec plugin_spec() {
  return {.name = "plugin",
          .summary = "Only tasks of this plugin.",
          .max_bytes = limits::kPluginNameMaxBytes};
}

ParamSpec limit_spec(std::string summary) {
  return {.name = "limit",
          .type = ParamType::kInteger,
          .summary = std::move(summary),
          .min = 1,
          .max = kTaskListMax};
}

ParamSpec after_spec() {
  return {.name = "after",
          .summary = "Where to go on: 'next' of the answer before, as it was given.",
          .max_bytes = kCursorMaxBytes};
}

ParamSpec least_spec(std::string name, std::string summary) {
  return {.name = std::move(name),
          .type = ParamType::kInteger,
          .summary = std::move(summary),
          .min = 0,
          .max = kTaskFilterMax};
}

// --- Reading them -----------------------------------------------------------------------------

RpcError not_found(std::string message) { return {ErrorKind::kNotFound, std::move(message), {}}; }

std::optional<RpcError> read_owner(const Backends& backends, const json& params,
                                   runtime::TaskFilter& filter) {
  const std::string* const plugin = text_param(params, "plugin");
  if (plugin == nullptr) return std::nullopt;
  const auto row = backends.plugins.find(*plugin);
  if (!row) return not_found("there is no plugin '" + *plugin + "'; plugin.list names them");
  filter.owner = row->owner;
  return std::nullopt;
}

void read_filter(const json& params, runtime::TaskFilter& filter) {
  if (const std::string* type = text_param(params, "type")) filter.type = *type;
  if (const std::string* state = text_param(params, "state")) {
    filter.state = static_cast<runtime::TaskState>(position(kTaskStateNames, *state));
  }
  if (const std::string* kind = text_param(params, "waits_on")) {
    filter.waits_on = static_cast<runtime::WaitKind>(position(kWaitKindNames, *kind));
  }
  filter.age_min_ns = static_cast<runtime::Nanos>(integer_param(params, "min_age_ms").value_or(0)) *
                      runtime::kNanosPerMilli;
  filter.polls_min = static_cast<std::uint64_t>(integer_param(params, "min_polls").value_or(0));
}

TaskOrder read_order(const json& params) {
  const std::string* const name = text_param(params, "sort");
  const auto sort =
      name == nullptr ? TaskSort::kId : static_cast<TaskSort>(position(kTaskSortNames, *name));
  const std::string* const order = text_param(params, "order");
  // Who sorts by age or polls looks for the largest.
  const bool descending = order != nullptr ? *order == "descending" : sort != TaskSort::kId;
  return {sort, descending};
}

template <class Number>
bool read_hex(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out, 16);
  return error == std::errc() && stop == end;
}

}  // namespace

// --- Order and cursor -------------------------------------------------------------------------

bool TaskOrder::operator()(const TaskKey& a, const TaskKey& b) const {
  const std::uint64_t slot_a = a.id.index();
  const std::uint64_t slot_b = b.id.index();
  std::uint64_t key_a = slot_a;
  std::uint64_t key_b = slot_b;
  if (sort_ == TaskSort::kPolls) {
    key_a = a.polls;
    key_b = b.polls;
  } else if (sort_ == TaskSort::kAge) {
    // Born later is younger; the time of birth stays, and the age does not.
    key_a = ~a.born;
    key_b = ~b.born;
  }
  if (key_a != key_b) return descending_ ? key_a > key_b : key_a < key_b;
  return slot_a < slot_b;
}

std::string TaskOrder::cursor_behind(const TaskKey& key) const {
  if (sort_ == TaskSort::kId) return task_id(key.id);
  const std::uint64_t value = sort_ == TaskSort::kAge ? key.born : key.polls;
  char text[24];
  std::snprintf(text, sizeof text, ":%llx:", static_cast<unsigned long long>(value));
  return std::string(kTaskSortNames.at(static_cast<std::size_t>(sort_))) + text + task_id(key.id);
}

std::optional<TaskKey> TaskOrder::parse_cursor(std::string_view text) const {
  TaskKey key;
  if (sort_ != TaskSort::kId) {
    const std::string_view name = kTaskSortNames.at(static_cast<std::size_t>(sort_));
    if (!text.starts_with(name) || text.substr(name.size(), 1) != ":") return std::nullopt;
    text.remove_prefix(name.size() + 1);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    if (!read_hex(text.substr(0, colon), sort_ == TaskSort::kAge ? key.born : key.polls)) {
      return std::nullopt;
    }
    text.remove_prefix(colon + 1);
  }
  const auto id = parse_task_id(text);
  if (!id) return std::nullopt;
  key.id = *id;
  return key;
}

// --- The query --------------------------------------------------------------------------------

ParamSpecs task_list_params() {
  ParamSpec type{.name = "type",
                 .summary = "Only tasks of this type.",
                 .max_bytes = runtime::kTypeNameBytesMax};
  ParamSpec state{
      .name = "state", .summary = "Only tasks in this state.", .one_of = words(kTaskStateNames)};
  ParamSpec waits_on{.name = "waits_on",
                     .summary = "Only tasks that wait for this kind of thing.",
                     .one_of = words(kWaitKindNames)};
  ParamSpec sort{.name = "sort",
                 .summary = "What the rows are sorted by; by id if absent.",
                 .one_of = words(kTaskSortNames)};
  ParamSpec order{.name = "order",
                  .summary = "If absent, ids ascend, and ages and polls descend.",
                  .one_of = {"ascending", "descending"}};
  return {plugin_spec(),
          std::move(type),
          std::move(state),
          least_spec("min_age_ms", "Only tasks that are at least that old."),
          least_spec("min_polls", "Only tasks that were polled at least that often."),
          std::move(waits_on),
          std::move(sort),
          std::move(order),
          limit_spec("Rows at most; 100 if absent."),
          after_spec()};
}

ParamSpecs task_dump_params() {
  return {plugin_spec(), limit_spec("Rows of a page at most; 1000 if absent."), after_spec()};
}

std::optional<RpcError> read_task_query(const Backends& backends, const json& params,
                                        std::size_t limit_if_absent, TaskQuery& out) {
  if (auto error = read_owner(backends, params, out.filter)) return error;
  read_filter(params, out.filter);
  out.order = read_order(params);
  const auto limit = integer_param(params, "limit");
  out.limit = limit ? static_cast<std::size_t>(*limit) : limit_if_absent;
  if (const std::string* after = text_param(params, "after")) {
    out.after = out.order.parse_cursor(*after);
    if (!out.after) {
      return RpcError{ErrorKind::kInvalidParams,
                      "the parameter 'after' is no place in this list: '" + escape_text(*after) +
                          "'; it must be 'next' of an answer that was sorted the same way",
                      {}};
    }
  }
  return std::nullopt;
}

}  // namespace ekiden::daemon::control
