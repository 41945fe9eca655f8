#include "daemon/control/plugin_access.hpp"

#include <utility>

#include "daemon/plugins/plugin_manager.hpp"

namespace ekiden::daemon::control {

std::vector<PluginRow> PluginAccess::list() const { return plugins_.list(); }

std::optional<PluginRow> PluginAccess::find(const std::string& name) const {
  return plugins_.find(name);
}

std::string PluginAccess::owner_plugin(runtime::OwnerId owner) const {
  return plugins_.owner_plugin(owner);
}

void PluginAccess::load(std::string name, PluginDone done) {
  plugins_.load(std::move(name), std::move(done));
}

void PluginAccess::unload(std::string name, PluginDone done) {
  plugins_.unload(std::move(name), std::move(done));
}

void PluginAccess::reload(std::string name, PluginDone done) {
  plugins_.reload(std::move(name), std::move(done));
}

void PluginAccess::call(std::string name, std::string method, std::string params_json,
                        std::chrono::nanoseconds timeout, PluginDone done,
                        PluginProgress progress) {
  plugins_.call(std::move(name), std::move(method), std::move(params_json), timeout,
                std::move(done), std::move(progress));
}

}  // namespace ekiden::daemon::control
