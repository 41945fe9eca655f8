// The plugins of the daemon: which there are, and the only way to load, unload and call them.
//
// It knows a plugin by its name, which is the stem of its file in the plugin folder. Each load
// makes an Instance (instance.hpp) of the next generation with a lifecycle thread of its own, so no
// plugin holds up another, and nothing here ever waits for one: load, unload and call hand the work
// over and answer later. The one thread of the manager's own keeps the deadlines.
//
//   load ──> Instance: checking > loading > starting > running ──unload──> draining ──> (gone)
//                          └──────────┴─────────┴──> refused or failed: the row stays, with the
//                          error
//
// Threads: every function may be called from any thread, except for the constructor, load_all,
// unload_all and the destructor, which belong to one that may wait (the main thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/plugins/plugin_result.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {
class Runtime;
}

namespace ekiden::daemon {

class Host;
struct PluginSettings;

class PluginManager {
 public:
  // Makes <state_directory>/plugins (0700) and removes the copies that an earlier process left
  // there: the caller holds the lock of the state directory. The runtime has been started. Throws
  // std::runtime_error with a sentence where the folder cannot be used, std::system_error where
  // there is no thread.
  PluginManager(runtime::Runtime& runtime, Host& host, const PluginSettings& settings,
                std::filesystem::path state_directory);
  // unload_all() must have returned nothing.
  ~PluginManager();
  PluginManager(const PluginManager&) = delete;
  PluginManager& operator=(const PluginManager&) = delete;

  // Loads every plugin of the folder that is enabled, side by side and begun in the order of their
  // names. Returns when each has started or been refused, or soon after stop_admission(). From then
  // on it follows the folder (autoload.hpp), until unload_all().
  void load_all();

  // kOk: it runs; json {"name","version","generation","state"}. kNotFound: no such file. kDenied:
  // its owner or permissions. kConflict: it is here already, is disabled, or the daemon stops.
  // kFailed: every other refusal. kTimedOut: it has not started within plugin_limits::kStartMax; it
  // may still do so.
  void load(std::string name, PluginDone done);

  // kOk: none of its code runs or will run; json {"name","generation","mapped","leaked_blocks",
  // "leaked_bytes"}. kTimedOut after plugins.unload_ms: the message names what has not ended, the
  // plugin stays as draining, and a later unload goes on from there. kNotFound: not loaded. It
  // stays unloaded until its file changes; but where a replacement waits for it, that starts
  // afterwards.
  void unload(std::string name, PluginDone done);

  // Checks the file in the folder and then unloads what runs and loads that, also where they are
  // the same. kOk: it runs; json as of load. Otherwise, as long as the new one has not passed its
  // checks, nothing has changed: kNotFound: not loaded, or there is no such file. kConflict: it is
  // being loaded or replaced already. kTimedOut: as of unload; the new one waits for a later
  // unload. The others as of load; where its init or start failed, the file that ran before is
  // loaded again, and the message says what became of that.
  void reload(std::string name, PluginDone done);

  // A command of the plugin; json is what it answered. `params_json`: JSON text or empty.
  // `progress` (null: nobody asked) is told how far it is. kNotFound: no such plugin or method.
  // kConflict: it does not run (yet, or any more).
  void call(std::string name, std::string method, std::string params_json,
            std::chrono::nanoseconds timeout, PluginDone done, PluginProgress progress = nullptr);

  // In the order of names.
  std::vector<PluginRow> list() const;
  // One row, with what it owns by task type and by who made it.
  std::optional<PluginRow> find(const std::string& name) const;
  // "" for the runtime itself and for owners that are gone.
  std::string owner_plugin(runtime::OwnerId owner) const;

  // From now on load and call are refused, and a start that has answered "pending" is given up.
  void stop_admission();

  // Unloads everything, side by side, until `deadline_ns` (CLOCK_MONOTONIC). What it returns did
  // not end: then plugin code may still run, and the process has to leave by _exit.
  [[nodiscard]] std::vector<PluginLeftover> unload_all(runtime::Nanos deadline_ns);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ekiden::daemon
