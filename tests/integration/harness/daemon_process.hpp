// A daemon of the test's own: configuration, socket, state folder and a plugin folder with copies
// of the built plugins, all in a folder that goes with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/harness/child_process.hpp"
#include "tests/integration/harness/control_client.hpp"
#include "tests/integration/harness/temp_folder.hpp"

namespace ekiden::integration {

std::string ekidend_path();
std::string ekidenctl_path();
// The file of a plugin that the build made, the product's or the tests'.
std::filesystem::path built_plugin(const std::string& name);

// A configuration and the folders that it names.
class DaemonFolder {
 public:
  // `changes` is merged into a configuration with two workers and, with echo, a free port for it.
  DaemonFolder(const std::vector<std::string>& plugins, const nlohmann::json& changes);

  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path config() const { return path() / "ekiden.json"; }
  std::filesystem::path socket() const { return path() / "control.sock"; }
  std::filesystem::path plugins() const { return path() / "plugins"; }
  std::filesystem::path log() const { return path() / "log"; }

  // Copies a file into the plugin folder as <name>.so, mode 0755.
  void add_plugin(const std::filesystem::path& file, const std::string& name) const;

 private:
  TempFolder folder_;
};

class DaemonProcess {
 public:
  // Starts it and waits until it says that it is ready.
  explicit DaemonProcess(const std::vector<std::string>& plugins = {"echo", "hello_c"},
                         const nlohmann::json& changes = nlohmann::json::object());
  // A daemon that still runs is stopped, and must end with 0.
  ~DaemonProcess();

  const DaemonFolder& folder() const { return folder_; }
  pid_t pid() const { return process_->pid(); }
  ChildProcess& process() { return *process_; }
  std::string log() const { return read_text(folder_.log()); }
  bool log_has(const std::string& text) const { return log().find(text) != std::string::npos; }

  // SIGTERM, and the exit code; nothing if it still runs after a long time.
  std::optional<ExitCode> stop();

  // A connection that is kept, for tests that need only one.
  ControlClient& control();
  std::unique_ptr<ControlClient> connect() const;
  // The rows of `<what>.list`: plugins, workers, queues or tasks.
  nlohmann::json list(const std::string& what);
  // `ekidenctl --socket … arguments`.
  Output ctl(const std::vector<std::string>& arguments) const;

  // Where echo listens, from its stats.
  std::string echo_address();

 private:
  DaemonFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<ControlClient> control_;
  int exceptions_at_start_ = std::uncaught_exceptions();
};

}  // namespace ekiden::integration
