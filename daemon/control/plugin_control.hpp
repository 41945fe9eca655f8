// What the control methods ask of the plugins. An interface, so that methods and server are tested
// without any; plugin_access.hpp is the real one. The meaning of each member is PluginManager's.
//
// Everything is called on the control thread and never waits for a plugin.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "daemon/plugins/plugin_result.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::daemon::control {

class PluginControl {
 public:
  virtual std::vector<PluginRow> list() const = 0;
  virtual std::optional<PluginRow> find(const std::string& name) const = 0;
  virtual std::string owner_plugin(runtime::OwnerId owner) const = 0;
  virtual void load(std::string name, PluginDone done) = 0;
  virtual void unload(std::string name, PluginDone done) = 0;
  virtual void reload(std::string name, PluginDone done) = 0;
  virtual void call(std::string name, std::string method, std::string params_json,
                    std::chrono::nanoseconds timeout, PluginDone done, PluginProgress progress) = 0;

 protected:
  ~PluginControl() = default;
};

}  // namespace ekiden::daemon::control
