// What the tests of plugin loading share: a folder of their own, and a small daemon without a
// control server.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/host/host.hpp"
#include "daemon/plugins/plugin_manager.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::test {

// Longer than anything takes on a loaded machine.
inline constexpr std::chrono::seconds kPatience{60};

// Made new, only for us; gone with its holder.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::filesystem::path built_plugin(const std::string& stem);
std::string read_bytes(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, const std::string& bytes, mode_t mode = 0755);

// Asks until it is so or kPatience is over.
bool wait_until(const std::function<bool()>& condition);

// Files in a folder.
std::size_t count_files(const std::filesystem::path& folder);

// Libraries that this process has mapped and whose path contains `text`.
bool is_mapped(const std::string& text);

// Runs `body` as another user in a process of its own; true if it answered true. `body` must not
// use the test framework.
bool true_as_user(uid_t user, const std::function<bool()>& body);

class SmallDaemon {
 public:
  // The plugins are copied into its folder; probe has `mode` in its configuration.
  explicit SmallDaemon(const std::vector<std::string>& plugins = {"probe"},
                       const std::string& mode = {});
  // Fails hard where something cannot be unloaded.
  ~SmallDaemon();
  SmallDaemon(const SmallDaemon&) = delete;
  SmallDaemon& operator=(const SmallDaemon&) = delete;

  // Before the first use of manager().
  PluginSettings& settings() { return settings_; }
  // Made with the first call, which belongs to the main thread.
  PluginManager& manager();
  runtime::Runtime& runtime() { return runtime_; }
  Host& host() { return *host_; }
  // Unloads everything and destroys the manager; manager() is over then. Fails hard as below.
  void end_manager();

  // Each waits for the answer.
  PluginResult load(const std::string& name);
  PluginResult unload(const std::string& name);
  PluginResult call(const std::string& name, const std::string& method,
                    const std::string& params = {}, std::chrono::nanoseconds timeout = kPatience);

  std::string state_of(const std::string& name);
  // The callbacks of probe, in order, separated by blanks.
  std::string journal() const;
  // What is stuck in probe goes on from now on.
  void let_go();
  // The next start of probe fails.
  void fail_next_start();
  PluginResult reload(const std::string& name);
  // Puts a file with the plugin's code and other content in its place, all at once.
  void replace_file(const std::string& name, const std::string& tail);
  std::filesystem::path folder() const { return folder_.path() / "plugins"; }
  std::filesystem::path copies() const { return folder_.path() / "state" / "plugins"; }

 private:
  runtime::Nanos soon() const;

  TempFolder folder_;
  PluginSettings settings_;
  runtime::Runtime runtime_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<PluginManager> manager_;
};

// Waits for one answer of a PluginDone.
class Asked {
 public:
  Asked();
  PluginDone done();
  PluginResult get();
  bool is_here() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace ekiden::daemon::test
