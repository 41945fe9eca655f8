// The results of load and unload as JSON text. Any thread.
#pragma once

#include <string>

#include "daemon/plugins/plugin_result.hpp"
#include "daemon/plugins/retirement.hpp"

namespace ekiden::daemon {

std::string loaded_json(const PluginRow& row);
std::string unloaded_json(const PluginRow& row, const RetirementReport& report);

}  // namespace ekiden::daemon
