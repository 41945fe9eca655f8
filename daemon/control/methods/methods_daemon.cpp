// status, shutdown.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods/registration.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

json status(const Backends& backends) {
  const DaemonState& daemon = backends.daemon;
  const std::vector<PluginRow> plugins = backends.plugins.list();
  const auto running = std::count_if(plugins.begin(), plugins.end(),
                                     [](const PluginRow& row) { return row.state == "running"; });
  return {
      {"version", daemon.version()},
      {"pid", ::getpid()},
      {"uptime_ms", daemon.uptime_ns() / runtime::kNanosPerMilli},
      {"state", kPhaseNames[static_cast<std::size_t>(daemon.phase())]},
      {"workers", backends.runtime.workers()},
      {"plugins", running},
      {"tasks", backends.runtime.live_tasks()},
      {"config_file", daemon.config_file().string()},
  };
}

}  // namespace

void add_daemon_methods(MethodTable& table, const Backends& backends) {
  table.add("status", {.summary = "What the daemon is and how it is.",
                       .params = {},
                       .handler = [backends](const json&, Responder responder) {
                         responder.result(status(backends));
                       }});
  table.add("shutdown",
            {.summary = "Begins an orderly shutdown, as SIGTERM does; answers when it has begun.",
             .params = {},
             .handler = [backends](const json&, Responder responder) {
               log::info("control", "a client asked for the shutdown");
               backends.daemon.request_shutdown();
               responder.result({{"state", kPhaseNames.back()}});
             }});
}

}  // namespace ekiden::daemon::control
