// What the daemon says of itself over the control socket. Made and moved on by main.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/config/settings.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"

namespace ekiden::daemon::control {

// The daemon takes this way once, from the first to the last.
enum class Phase : std::uint8_t {
  kStarting,  // plugins of the folder are being loaded
  kReady,     // each of them has started or been refused
  kDraining,  // it was asked to shut down
};

inline constexpr std::array<std::string_view, 3> kPhaseNames = {"starting", "ready", "draining"};

class DaemonState {
 public:
  // `settings`: what is in force, command line included. `config_file`: absolute.
  // `request_shutdown` begins an orderly shutdown and returns at once; it runs on the control
  // thread, perhaps more than once.
  DaemonState(std::string version, Settings settings, std::filesystem::path config_file,
              std::function<void()> request_shutdown)
      : version_(std::move(version)),
        settings_(std::move(settings)),
        config_file_(std::move(config_file)),
        request_shutdown_(std::move(request_shutdown)),
        started_ns_(runtime::SystemClock::instance().now_ns()) {}

  // Any thread may call everything here.
  // relaxed: the phase is for people to read and orders nothing.
  Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  void set_phase(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }

  const std::string& version() const { return version_; }
  const Settings& settings() const { return settings_; }
  const std::filesystem::path& config_file() const { return config_file_; }
  void request_shutdown() const { request_shutdown_(); }
  runtime::Nanos uptime_ns() const {
    return runtime::SystemClock::instance().now_ns() - started_ns_;
  }

 private:
  const std::string version_;
  const Settings settings_;
  const std::filesystem::path config_file_;
  const std::function<void()> request_shutdown_;
  const runtime::Nanos started_ns_;
  runtime::Atomic<Phase> phase_{Phase::kStarting};
};

}  // namespace ekiden::daemon::control
