// What the harness knows of one plugin: its instance, which is the daemon's own (instance.hpp), and
// what that needs around it.
#pragma once

#include <ekiden/plugin.h>

#include <ekiden/testing.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/plugins/instance.hpp"

namespace ekiden::testing {

class World;

// Where a plugin comes from: a descriptor that is linked in, or a file.
struct Origin {
  const ekd_plugin_desc* linked = nullptr;
  std::optional<ekd_plugin_desc> own = {};  // made by us: `linked` points to it once it stands
  std::string name = {};
  std::filesystem::path folder = {};
};

// The test's thread, unless a comment says otherwise.
class PluginState {
 public:
  // Throws std::system_error where there is no thread.
  PluginState(World& world, Origin origin, std::uint32_t generation, std::string config);
  PluginState(const PluginState&) = delete;
  PluginState& operator=(const PluginState&) = delete;

  // Begins the load. `done` hears of its end, on any thread.
  void load(daemon::PluginDone done);
  Pending<std::string> call(std::string_view method, std::string_view params);
  Pending<Unloaded> unload(std::chrono::nanoseconds within);

  const std::string& name() const { return origin_.name; }
  daemon::Instance& instance() const { return *instance_; }
  bool is_over() const { return daemon::is_over(instance_->state()); }
  // Throws Error where the harness is gone.
  World& world() const;

  // The end of the harness: waits for the thread of the instance, which is over, and forgets both.
  void end();

 private:
  World* world_;
  Origin origin_;
  const daemon::InstanceSurroundings surroundings_;
  std::shared_ptr<daemon::Instance> instance_;
};

}  // namespace ekiden::testing
