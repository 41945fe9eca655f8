// rpc.discover: the table as an OpenRPC document (spec.open-rpc.org), which tools can read.
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/methods/registration.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

json param_json(const ParamSpec& spec) {
  return {{"name", spec.name},
          {"summary", spec.summary},
          {"required", spec.required},
          {"schema", param_schema(spec)}};
}

json method_json(const std::string& name, const Method& method) {
  json params = json::array();
  for (const ParamSpec& spec : method.params)
    params.push_back(param_json(spec));
  return {{"name", name},
          {"summary", method.summary},
          {"paramStructure", "by-name"},
          {"params", std::move(params)},
          {"result", {{"name", "result"}, {"schema", json::object()}}}};
}

json document(const MethodTable& table, const std::string& version) {
  json methods = json::array();
  for (const auto& [name, method] : table.methods())
    methods.push_back(method_json(name, method));
  return {{"openrpc", "1.2.6"},
          {"info", {{"title", "Ekiden control"}, {"version", version}}},
          {"methods", std::move(methods)}};
}

}  // namespace

void add_discover_method(MethodTable& table, std::string version) {
  table.add("rpc.discover",
            {.summary = "Every method with its parameters, as an OpenRPC document.",
             .params = {},
             .handler = [&table, version = std::move(version)](const json&, Responder responder) {
               responder.result(document(table, version));
             }});
}

}  // namespace ekiden::daemon::control
