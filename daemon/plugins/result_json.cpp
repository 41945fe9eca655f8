#include "daemon/plugins/result_json.hpp"

#include <nlohmann/json.hpp>

namespace ekiden::daemon {
namespace {

nlohmann::json head(const PluginRow& row) {
  return {{"name", row.name},
          {"version", row.version},
          {"generation", row.generation},
          {"state", row.state}};
}

}  // namespace

// Names and versions of plugins are printable ASCII, so dump() finds nothing to throw at.
std::string loaded_json(const PluginRow& row) { return head(row).dump(); }

std::string unloaded_json(const PluginRow& row, const RetirementReport& report) {
  nlohmann::json json = head(row);
  json["mapped"] = report.mapped;
  if (report.mapped) json["mapped_because"] = report.mapped_because;
  json["leaked_blocks"] = report.leaked_blocks;
  json["leaked_bytes"] = report.leaked_bytes;
  json["leaked"] = nlohmann::json::array();
  for (const MadeThings& made : report.leaked) {
    json["leaked"].push_back({{"kind", made.kind},
                              {"count", made.count},
                              {"made_by", made.made_by.empty() ? nlohmann::json(nullptr)
                                                               : nlohmann::json(made.made_by)}});
  }
  // Names of task types are a plugin's and may hold any bytes.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ekiden::daemon
