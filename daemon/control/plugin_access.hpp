// PluginControl of the real plugins.
#pragma once

#include "daemon/control/plugin_control.hpp"

namespace ekiden::daemon {
class PluginManager;
}

namespace ekiden::daemon::control {

class PluginAccess final : public PluginControl {
 public:
  explicit PluginAccess(PluginManager& plugins) : plugins_(plugins) {}

  std::vector<PluginRow> list() const override;
  std::optional<PluginRow> find(const std::string& name) const override;
  std::string owner_plugin(runtime::OwnerId owner) const override;
  void load(std::string name, PluginDone done) override;
  void unload(std::string name, PluginDone done) override;
  void reload(std::string name, PluginDone done) override;
  void call(std::string name, std::string method, std::string params_json,
            std::chrono::nanoseconds timeout, PluginDone done, PluginProgress progress) override;

 private:
  PluginManager& plugins_;
};

}  // namespace ekiden::daemon::control
