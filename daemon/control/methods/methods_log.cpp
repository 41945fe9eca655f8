// log.get, .set.
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/methods/registration.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/level.hpp"
#include "daemon/logging/limits.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

// Takes a component's own level away.
constexpr std::string_view kInherit = "inherit";

json levels() {
  json components = json::object();
  for (const auto& [component, level] : log::component_levels()) {
    components[component] = log::level_name(level);
  }
  return {{"level", log::level_name(log::level())}, {"components", std::move(components)}};
}

// Nothing where it was done.
std::optional<RpcError> set_level(const std::string* component, std::string_view name) {
  const auto level = log::parse_level(name);
  if (component == nullptr && !level) {
    return RpcError{ErrorKind::kInvalidParams,
                    "the level 'inherit' needs a component that is to give up its own",
                    {}};
  }
  if (component == nullptr) {
    log::set_level(*level);
  } else if (!level) {
    log::clear_level(*component);
  } else if (!log::set_level(*component, *level)) {
    return RpcError{
        ErrorKind::kFailed,
        "the level of '" + escape_text(*component) + "' was not set: the name is empty, or " +
            std::to_string(log::kOverridesMax) + " components have a level of their own",
        {}};
  }
  return std::nullopt;
}

ParamSpecs set_params() {
  ParamSpec level{.name = "level",
                  .required = true,
                  .summary =
                      "The least severe level that is written; 'inherit' takes a component's "
                      "own level away."};
  level.one_of.assign(log::kLevelNames.begin(), log::kLevelNames.end());
  level.one_of.emplace_back(kInherit);
  ParamSpec component{.name = "component",
                      .summary =
                          "Whose level, with what is below it: 'plugin' covers "
                          "'plugin.echo'. Absent: the level of all that have none.",
                      .max_bytes = log::kComponentMaxBytes};
  return {std::move(level), std::move(component)};
}

}  // namespace

void add_log_methods(MethodTable& table) {
  table.add("log.get",
            {.summary = "The log's level, and the components that have their own.",
             .params = {},
             .handler = [](const json&, Responder responder) { responder.result(levels()); }});
  table.add("log.set", {.summary = "Sets the log's level; answers as log.get.",
                        .params = set_params(),
                        .handler = [](const json& params, Responder responder) {
                          const auto error = set_level(text_param(params, "component"),
                                                       *text_param(params, "level"));
                          if (error) return responder.error(*error);
                          responder.result(levels());
                        }});
}

}  // namespace ekiden::daemon::control
