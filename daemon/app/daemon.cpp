#include "daemon/app/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "daemon/app/runtime_options.hpp"
#include "daemon/app/stall_text.hpp"
#include "daemon/app/start_problem.hpp"
#include "daemon/app/state_directory.hpp"
#include "daemon/app/stop_request.hpp"
#include "daemon/config/exit_codes.hpp"
#include "daemon/control/control_server.hpp"
#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods.hpp"
#include "daemon/control/metrics_exposition.hpp"
#include "daemon/control/plugin_access.hpp"
#include "daemon/control/runtime_access.hpp"
#include "daemon/host/host.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/plugin_manager.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/plugins/unfinished.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "daemon";

// What the runtime gets at least after the plugins, where those have used up the grace.
constexpr runtime::Nanos kRuntimeStopMinNs = 100 * runtime::kNanosPerMilli;

class Daemon {
 public:
  Daemon(const Settings& settings, const std::filesystem::path& config_file, std::string version,
         StateDirectory state, StopRequest& stop);

  // Answers with what is in the way; then the daemon can only be destroyed.
  std::optional<StartProblem> start();
  void load_plugins();
  // Returns where everything has ended, and else leaves the process.
  void stop();

 private:
  void start_runtime();
  void report_stall(const runtime::Stall& stall);
  void leave_plugins(const std::vector<PluginLeftover>& leftovers);
  void leave_runtime(const std::vector<runtime::Straggler>& stragglers);
  [[noreturn]] void leave();

  const Settings settings_;
  StopRequest& stop_;
  const StateDirectory state_directory_;
  control::DaemonState state_;

  // In the order in which they are made.
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<PluginManager> plugins_;
  std::unique_ptr<control::RuntimeAccess> runtime_access_;
  std::unique_ptr<control::PluginAccess> plugin_access_;
  std::unique_ptr<control::MetricsExposition> exposition_;
  std::unique_ptr<control::ControlServer> server_;
};

Daemon::Daemon(const Settings& settings, const std::filesystem::path& config_file,
               std::string version, StateDirectory state, StopRequest& stop)
    : settings_(settings),
      stop_(stop),
      state_directory_(std::move(state)),
      state_(std::move(version), settings, config_file, [&stop] { stop.request(); }) {}

// --- Starting ------------------------------------------------------------------------------------

std::optional<StartProblem> Daemon::start() {
  try {
    start_runtime();
    host_ = std::make_unique<Host>(*runtime_);
    plugins_ = std::make_unique<PluginManager>(*runtime_, *host_, settings_.plugins,
                                               state_directory_.path());
  } catch (const std::system_error& e) {
    return StartProblem{kExitUnavailable, std::string("a thread cannot be started (") + e.what() +
                                              "); raise the limit on threads"};
  } catch (const std::runtime_error& e) {
    return StartProblem{kExitCannotCreate, e.what()};
  }
  stop_.set([this] {
    state_.set_phase(control::Phase::kDraining);
    plugins_->stop_admission();
  });
  runtime_access_ = std::make_unique<control::RuntimeAccess>(*runtime_);
  plugin_access_ = std::make_unique<control::PluginAccess>(*plugins_);
  const control::Backends backends{state_, *runtime_access_, *plugin_access_};
  exposition_ = std::make_unique<control::MetricsExposition>(backends);
  server_ = std::make_unique<control::ControlServer>(
      settings_.control.socket, settings_.control.mode, control::make_method_table(backends));
  if (const auto problem = server_->start()) {
    return StartProblem{problem->exit_code, problem->text};
  }
  return std::nullopt;
}

void Daemon::start_runtime() {
  runtime::Options options = runtime_options(settings_.runtime);
  options.on_stall = [this](const runtime::Stall& stall) { report_stall(stall); };
  auto made = std::make_unique<runtime::Runtime>(options);
  runtime_ = std::move(made);
  runtime_->start();
}

void Daemon::report_stall(const runtime::Stall& stall) {
  log::warn("runtime", stall_text(stall, runtime_->owner_name(stall.owner)));
}

void Daemon::load_plugins() {
  plugins_->load_all();
  state_.set_phase(control::Phase::kReady);
  if (stop_.is_requested()) {
    state_.set_phase(control::Phase::kDraining);
  } else {
    log::info(kLog, "ready");
  }
}

// --- Stopping ------------------------------------------------------------------------------------

void Daemon::stop() {
  const runtime::Nanos deadline_ns =
      steady_now_ns() + settings_.shutdown.grace_ms * runtime::kNanosPerMilli;
  if (plugins_) {
    const auto leftovers = plugins_->unload_all(deadline_ns);
    if (!leftovers.empty()) leave_plugins(leftovers);
  }
  // Until here it has answered, so that people see what the shutdown waits for.
  if (server_) server_->stop();
  exposition_.reset();
  plugins_.reset();
  host_.reset();
  if (!runtime_) return;
  const auto stragglers =
      runtime_->shutdown(std::max(deadline_ns, steady_now_ns() + kRuntimeStopMinNs));
  if (!stragglers.empty()) leave_runtime(stragglers);
  runtime_.reset();
}

void Daemon::leave_plugins(const std::vector<PluginLeftover>& leftovers) {
  for (const auto& leftover : leftovers) {
    if (leftover.running.empty()) log::critical(kLog, leftover.message);
    for (const auto& poll : leftover.running) {
      log::critical(kLog, "'" + leftover.plugin + "' did not end in the grace of " +
                              std::to_string(settings_.shutdown.grace_ms) +
                              " ms: " + describe(poll));
    }
  }
  leave();
}

void Daemon::leave_runtime(const std::vector<runtime::Straggler>& stragglers) {
  for (const auto& poll : stragglers) {
    log::critical(kLog, "the runtime did not end in the grace of " +
                            std::to_string(settings_.shutdown.grace_ms) + " ms: " + describe(poll));
  }
  leave();
}

void Daemon::leave() {
  log::critical(kLog, "the daemon leaves with what still runs, and frees nothing");
  if (server_) server_->stop();
  log::shutdown();
  ::_exit(kExitInternal);
}

int report(const StartProblem& problem) {
  log::critical(kLog, problem.text);
  return problem.exit_code;
}

}  // namespace

int run_daemon(const Settings& settings, const std::filesystem::path& config_file,
               std::string version, StopRequest& stop) {
  auto claimed = StateDirectory::claim(settings.state_directory);
  if (const auto* problem = std::get_if<StartProblem>(&claimed)) return report(*problem);

  Daemon daemon(settings, config_file, std::move(version),
                std::get<StateDirectory>(std::move(claimed)), stop);
  const auto problem = daemon.start();
  if (problem) {
    const int exit_code = report(*problem);
    daemon.stop();
    return exit_code;
  }
  daemon.load_plugins();
  stop.wait();
  daemon.stop();
  log::info(kLog, "everything has ended");
  return kExitOk;
}

}  // namespace ekiden::daemon
