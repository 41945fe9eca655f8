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

// Names and versions are printable ASCII, so dump() finds nothing to throw at.
std::string loaded_json(const PluginRow& row) { return head(row).dump(); }

std::string unloaded_json(const PluginRow& row, const RetirementReport& report) {
  nlohmann::json json = head(row);
  json["mapped"] = report.mapped;
  if (report.mapped) json["mapped_because"] = report.mapped_because;
  json["leaked_blocks"] = report.leaked_blocks;
  json["leaked_bytes"] = report.leaked_bytes;
  return json.dump();
}

}  // namespace ekiden::daemon
