// What the plugin manager consists of. Only for plugin_manager*.cpp and autoload.cpp.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/plugins/autoload.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/instance.hpp"
#include "daemon/plugins/plugin_manager.hpp"
#include "daemon/plugins/plugin_table.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

// Waits for answers that may still come when nobody waits any more.
class Gathering {
 public:
  explicit Gathering(std::size_t expected) : missing_(expected) {}

  void one_is_here();
  void give_up();
  void wait();

 private:
  runtime::Mutex mutex_;
  runtime::ConditionVariable changed_;
  std::size_t missing_ EKIDEN_GUARDED_BY(mutex_);
};

struct PluginManager::Parts final : AutoloadTarget {
  Parts(runtime::Runtime& runtime, Host& host, const PluginSettings& plugin_settings,
        const std::filesystem::path& state_directory);

  // --- Any thread --------------------------------------------------------------------------------
  // Each begins it, or answers with why there is no instance of it: `done` does not hear of that.
  using NotBegun = std::optional<PluginResult>;
  NotBegun load(const std::string& name, const LoadPlan& plan, const PluginDone& done);
  // Unload, and load of the file in the folder, which is checked before. `accepted` (or null) runs
  // when nothing is in the way any more and before the file is opened; with the table locked.
  NotBegun replace(const std::string& name, const std::function<void()>& accepted,
                   const PluginDone& done);
  enum class Replacements {
    kKeepWaiting,  // one that waits for this unload goes on after it
    kGiveUp,
  };
  void unload(const std::string& name, Replacements replacements, PluginDone done);
  void note_refused(const std::string& stem, std::string state, std::string error);

  // --- What the folder asks for ------------------------------------------------------------------
  std::vector<std::string> names() const override;
  std::optional<PluginRow> find(const std::string& name) const override { return table.row(name); }
  bool is_enabled(const std::string& name) const override { return settings.of(name).enabled; }
  bool load_new(const std::string& name) override;
  bool load_replaced(const std::string& name) override;
  void unload_removed(const std::string& name) override;
  void is_same(const std::string& name) override {
    table.set_pending_error(name, PluginTable::kWhicheverLives, {});
  }
  void give_up_replacement(const std::string& name) override;
  void refuse_name(const std::string& stem) override;
  void forget(const std::string& stem) override { table.forget(stem); }

  // Runs on the lifecycle thread of `instance`, which is about to end and cannot join itself.
  void over(const std::shared_ptr<Instance>& instance, Outcome outcome);
  NotBegun enter(const std::string& name, const PluginSetting& setting, const LoadPlan& plan,
                 const PluginDone& done);
  std::shared_ptr<Instance> make_next(const std::string& name, const std::shared_ptr<Instance>& old,
                                      std::uint32_t generation,
                                      const std::function<void()>& accepted,
                                      const PluginDone& done);
  void fall_back(const std::string& name, const std::shared_ptr<const CopyFile>& kept,
                 std::uint32_t kept_generation, const PluginResult& failed, const PluginDone& done);
  // A load that the first command for the same can join.
  NotBegun load_joinably(const std::string& name);
  void warn_about_missing(const std::vector<std::string>& stems);
  std::shared_ptr<Instance> make_instance(const std::string& name, std::uint32_t generation,
                                          const PluginSetting& setting);

  const PluginSettings settings;
  PluginTable table;
  InstanceSurroundings surroundings;

  runtime::Mutex mutex;
  bool stopping EKIDEN_GUARDED_BY(mutex) = false;
  std::shared_ptr<Gathering> folder_load EKIDEN_GUARDED_BY(mutex);

  Autoload autoload;         // begun by load_all
  DeadlineThread deadlines;  // last: what it joins uses all of the above
};

// A point in CLOCK_MONOTONIC.
runtime::Nanos from_now(std::chrono::nanoseconds duration);

inline PluginResult refused(Outcome outcome, std::string message) {
  return {outcome, std::move(message), {}};
}

}  // namespace ekiden::daemon
