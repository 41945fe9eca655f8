// plugin.list, .info, .load, .unload, .reload, .call.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/config/limits.hpp"
#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/progress_channel.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

ErrorKind kind_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDenied:
      return ErrorKind::kDenied;
    case Outcome::kNotFound:
      return ErrorKind::kNotFound;
    case Outcome::kConflict:
      return ErrorKind::kConflict;
    case Outcome::kTimedOut:
      return ErrorKind::kTimedOut;
    case Outcome::kOk:
    case Outcome::kFailed:
      break;
  }
  return ErrorKind::kFailed;
}

// The plugin's thread ends the request.
PluginDone answer_with(Responder responder) {
  // A std::function has to be copyable, and a responder is not.
  auto shared = std::make_shared<Responder>(std::move(responder));
  return [shared](PluginResult result) {
    if (result.outcome == Outcome::kOk) return shared->result_text(result.json);
    shared->error({kind_of(result.outcome), std::move(result.message), {}});
  };
}

json row_json(const PluginRow& row) {
  return {{"name", row.name},
          {"version", row.version},
          {"state", row.state},
          {"generation", row.generation},
          {"tasks", row.tasks},
          {"error", row.error},
          {"pending_error", row.pending_error}};
}

// A schema that is not JSON is shown as the text that it is.
json schema_json(const std::string& text) {
  json schema;
  if (text.empty()) return nullptr;
  return read_json(text, schema, kResultNestingMax - 1) ? json(text) : schema;
}

json info_json(const PluginRow& row) {
  json info = row_json(row);
  info["path"] = row.path;
  info["sha256"] = row.sha256;
  info["abi"] = row.abi;
  info["age_ms"] = row.age_ns / runtime::kNanosPerMilli;
  info["timers"] = row.timers;
  info["descriptors"] = row.descriptors;
  info["jobs"] = row.jobs;
  info["calls"] = row.calls;
  info["task_types"] = json::array();
  for (const LiveType& type : row.task_types) {
    info["task_types"].push_back({{"type", type.type}, {"count", type.count}});
  }
  info["made"] = json::array();
  for (const MadeThings& made : row.made) {
    info["made"].push_back(
        {{"kind", made.kind},
         {"count", made.count},
         {"made_by", made.made_by.empty() ? json(nullptr) : json(made.made_by)}});
  }
  info["memory_blocks"] = row.memory_blocks;
  info["memory_bytes"] = row.memory_bytes;
  info["task_limit"] = row.task_limit;
  info["refusals"] = row.refusals;
  info["config_schema"] = schema_json(row.config_schema);
  return info;
}

ParamSpec plugin_name(std::string name) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.required = true;
  spec.summary = "The plugin's name: its file in the plugin folder, without .so.";
  spec.max_bytes = limits::kPluginNameMaxBytes;
  return spec;
}

Method list_method(PluginControl& plugins) {
  return {.summary = "Every plugin that was loaded, refused or is disabled.",
          .params = {},
          .handler = [&plugins](const json&, Responder responder) {
            json rows = json::array();
            for (const PluginRow& row : plugins.list())
              rows.push_back(row_json(row));
            responder.result({{"plugins", std::move(rows)}});
          }};
}

Method info_method(PluginControl& plugins) {
  return {.summary = "One plugin in full: file, ABI, what it holds, its configuration's schema.",
          .params = {plugin_name("name")},
          .handler = [&plugins](const json& params, Responder responder) {
            const std::string& name = *text_param(params, "name");
            if (const auto row = plugins.find(name)) return responder.result(info_json(*row));
            responder.error({ErrorKind::kNotFound,
                             "there is no plugin '" + name + "'; plugin.list names them",
                             {}});
          }};
}

Method load_method(PluginControl& plugins) {
  return {.summary = "Loads a plugin of the plugin folder and answers when it runs.",
          .params = {plugin_name("name")},
          .handler = [&plugins](const json& params, Responder responder) {
            plugins.load(*text_param(params, "name"), answer_with(std::move(responder)));
          }};
}

Method unload_method(PluginControl& plugins) {
  return {.summary = "Unloads a plugin and answers when none of its code runs any more.",
          .params = {plugin_name("name")},
          .handler = [&plugins](const json& params, Responder responder) {
            plugins.unload(*text_param(params, "name"), answer_with(std::move(responder)));
          }};
}

Method reload_method(PluginControl& plugins) {
  return {.summary =
              "Checks a loaded plugin's file, unloads what runs and loads that, and answers "
              "when it runs; what ran goes on where the file is refused.",
          .params = {plugin_name("name")},
          .handler = [&plugins](const json& params, Responder responder) {
            plugins.reload(*text_param(params, "name"), answer_with(std::move(responder)));
          }};
}

void call(PluginControl& plugins, const json& params, Responder responder) {
  const std::string& plugin = *text_param(params, "plugin");
  const auto argument = params.find("params");
  const auto timeout_ms = integer_param(params, "timeout_ms").value_or(kCallDefaultMs);
  const auto channel = responder.open_progress(plugin, flag_param(params, "progress"));
  plugins.call(plugin, *text_param(params, "method"),
               argument == params.end() ? std::string() : write_json(*argument),
               std::chrono::milliseconds(timeout_ms), answer_with(std::move(responder)),
               [channel](std::string_view json) { return channel->tell(json); });
}

Method call_method(PluginControl& plugins) {
  ParamSpec method{.name = "method", .required = true, .summary = "One of the plugin's commands."};
  ParamSpec argument{.name = "params",
                     .type = ParamType::kAny,
                     .summary = "What the command takes; the plugin says what that is."};
  ParamSpec timeout{.name = "timeout_ms",
                    .type = ParamType::kInteger,
                    .summary = "How long the plugin may take to answer; 30000 if absent.",
                    .min = 1,
                    .max = kCallMaxMs};
  ParamSpec progress{.name = "progress",
                     .type = ParamType::kBoolean,
                     .summary = "Whether plugin.progress is to come while the command runs."};
  return {.summary = "Calls a command of a plugin and answers what the plugin answers.",
          .params = {plugin_name("plugin"), std::move(method), std::move(argument),
                     std::move(timeout), std::move(progress)},
          .handler = [&plugins](const json& params, Responder responder) {
            call(plugins, params, std::move(responder));
          }};
}

}  // namespace

void add_plugin_methods(MethodTable& table, const Backends& backends) {
  table.add("plugin.list", list_method(backends.plugins));
  table.add("plugin.info", info_method(backends.plugins));
  table.add("plugin.load", load_method(backends.plugins));
  table.add("plugin.unload", unload_method(backends.plugins));
  table.add("plugin.reload", reload_method(backends.plugins));
  table.add("plugin.call", call_method(backends.plugins));
}

}  // namespace ekiden::daemon::control
