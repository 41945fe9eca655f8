// The daemon as a whole: what is started in which order, and how it ends.
//
//   claim the state directory ─> runtime ─> host ─> plugin manager ─> control server ─> load
//   plugins ─> "ready" ─> … a signal, or a client's shutdown … ─> unload plugins ─> control server
//   ─> runtime
//
// A shutdown has shutdown.grace_ms from when it is asked for, also where that is before "ready".
// What has not ended by then is named in the log, and the process leaves with kExitInternal and
// frees nothing, because a thread may still be in it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "daemon/config/settings.hpp"

namespace ekiden::daemon {

class StopRequest;

// Runs the daemon until it has been stopped; returns the exit code (exit_codes.hpp). The log is set
// up, `stop` outlives it. Main thread.
int run_daemon(const Settings& settings, const std::filesystem::path& config_file,
               std::string version, StopRequest& stop);

}  // namespace ekiden::daemon
