// config.show, .check.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "daemon/config/parse.hpp"
#include "daemon/config/render.hpp"
#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods/registration.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

json problem_json(const Problem& problem) {
  json row = {{"pointer", problem.pointer}, {"text", to_string(problem)}};
  if (problem.line != 0) {
    row["line"] = problem.line;
    row["column"] = problem.column;
  }
  return row;
}

json outcome_json(const ParsedSettings& parsed) {
  json problems = json::array();
  if (const auto* found = std::get_if<Problems>(&parsed)) {
    for (const Problem& problem : *found)
      problems.push_back(problem_json(problem));
  }
  const bool ok = problems.empty();
  return {{"ok", ok}, {"problems", std::move(problems)}};
}

void check(const DaemonState& daemon, const json& params, Responder responder) {
  const std::string* const text = text_param(params, "text");
  const std::string* const folder = text_param(params, "folder");
  if (text == nullptr && folder != nullptr) {
    return responder.error(
        {ErrorKind::kInvalidParams, "the parameter 'folder' goes with 'text' only", {}});
  }
  if (text == nullptr) {
    json outcome = outcome_json(load_settings(daemon.config_file()));
    outcome["file"] = daemon.config_file().string();
    return responder.result(outcome);
  }
  const std::filesystem::path base =
      folder == nullptr ? daemon.config_file().parent_path() : std::filesystem::path(*folder);
  if (!base.is_absolute()) {
    return responder.error(
        {ErrorKind::kInvalidParams, "the parameter 'folder' must be an absolute path", {}});
  }
  responder.result(outcome_json(parse_settings(*text, base)));
}

ParamSpecs check_params_specs() {
  return {{.name = "text",
           .summary = "The configuration to check; absent: the file that the daemon was started "
                      "with, as it is now.",
           .max_bytes = limits::kFileMaxBytes},
          {.name = "folder",
           .summary = "Where relative paths in 'text' start; absent: the folder of the daemon's "
                      "own file."}};
}

}  // namespace

void add_config_methods(MethodTable& table, const Backends& backends) {
  const DaemonState& daemon = backends.daemon;
  table.add("config.show", {.summary = "The settings in force, defaults included.",
                            .params = {},
                            .handler = [&daemon](const json&, Responder responder) {
                              responder.result_text(render_settings(daemon.settings()));
                            }});
  table.add("config.check", {.summary = "Checks a configuration and changes nothing.",
                             .params = check_params_specs(),
                             .handler = [&daemon](const json& params, Responder responder) {
                               check(daemon, params, std::move(responder));
                             }});
}

}  // namespace ekiden::daemon::control
