#include "tests/integration/harness/daemon_process.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <stdexcept>

namespace ekiden::integration {
namespace fs = std::filesystem;
namespace {

constexpr fs::perms kFolderMode = fs::perms::owner_all | fs::perms::group_read |
                                  fs::perms::group_exec | fs::perms::others_read |
                                  fs::perms::others_exec;

nlohmann::json base_config(const DaemonFolder& folder) {
  return {
      {"runtime", {{"workers", 2}}},
      {"plugins", {{"directory", folder.plugins().string()}}},
      {"control", {{"socket", folder.socket().string()}}},
      {"state_directory", (folder.path() / "state").string()},
  };
}

}  // namespace

std::string ekidend_path() { return EKIDEN_BIN_FOLDER "/ekidend"; }
std::string ekidenctl_path() { return EKIDEN_BIN_FOLDER "/ekidenctl"; }

fs::path built_plugin(const std::string& name) {
  const fs::path product = fs::path(EKIDEN_PLUGIN_FOLDER) / (name + ".so");
  return fs::exists(product) ? product : fs::path(EKIDEN_TEST_PLUGIN_FOLDER) / (name + ".so");
}

DaemonFolder::DaemonFolder(const std::vector<std::string>& plugins, const nlohmann::json& changes) {
  fs::create_directory(this->plugins());
  fs::permissions(this->plugins(), kFolderMode);
  for (const std::string& name : plugins)
    add_plugin(built_plugin(name), name);
  nlohmann::json config = base_config(*this);
  if (fs::exists(this->plugins() / "echo.so")) {
    config["plugins"]["settings"]["echo"]["config"]["listen"] = "127.0.0.1:0";
  }
  config.merge_patch(changes);
  write_text(this->config(), config.dump(2));
}

void DaemonFolder::add_plugin(const fs::path& file, const std::string& name) const {
  const fs::path target = plugins() / (name + ".so");
  fs::copy_file(file, target, fs::copy_options::overwrite_existing);
  fs::permissions(target, kFolderMode);
}

DaemonProcess::DaemonProcess(const std::vector<std::string>& plugins, const nlohmann::json& changes)
    : folder_(plugins, changes) {
  const std::vector<std::string> argv = {ekidend_path(), "--config", folder_.config().string()};
  process_ = std::make_unique<ChildProcess>(argv, folder_.path() / "out", folder_.log());
  wait_until([this] { return log_has(" ready") || !process_->running(); });
  if (!process_->running() || !log_has(" ready")) {
    throw std::runtime_error("ekidend did not become ready:\n" + log());
  }
}

DaemonProcess::~DaemonProcess() {
  const bool unwinding = std::uncaught_exceptions() > exceptions_at_start_;
  const std::optional<ExitCode> known = process_->poll();
  const std::optional<ExitCode> code = known ? known : stop();
  if (unwinding) WARN("The daemon's log:\n" << log());
  // A test that ends the daemon itself knows what to expect; a crash nobody expects.
  if (unwinding || known == ExitCode{70} || known == ExitCode{128 + SIGKILL}) return;
  INFO("The daemon's log:\n" << log());
  CHECK(code == std::optional<ExitCode>(0));
}

std::optional<ExitCode> DaemonProcess::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

ControlClient& DaemonProcess::control() {
  if (!control_) control_ = connect();
  return *control_;
}

std::unique_ptr<ControlClient> DaemonProcess::connect() const {
  return std::make_unique<ControlClient>(folder_.socket());
}

nlohmann::json DaemonProcess::list(const std::string& what) {
  return control().call(what + ".list").at(what + "s");
}

Output DaemonProcess::ctl(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {ekidenctl_path(), "--socket", folder_.socket().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_program(argv);
}

std::string DaemonProcess::echo_address() {
  return control().call_plugin("echo", "stats").at("address").get<std::string>();
}

}  // namespace ekiden::integration
