// The daemon's settings as plain values, in the shape of the configuration file. A Settings that
// parse.hpp gave is valid as a whole: every number within its limits, every path absolute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/limits.hpp"
#include "daemon/logging/level.hpp"

namespace ekiden::daemon {

struct BlockingSettings {
  std::uint32_t threads_max = limits::kBlockingThreadsDefault;
  std::uint32_t queue_capacity = limits::kBlockingQueueCapacityDefault;  // jobs
  std::uint32_t keep_alive_ms = limits::kBlockingKeepAliveDefaultMs;

  bool operator==(const BlockingSettings&) const = default;
};

struct StallSettings {
  std::uint32_t report_ms = limits::kStallReportDefaultMs;
  std::uint32_t replace_ms = limits::kStallReplaceDefaultMs;  // at least report_ms
  std::optional<std::uint32_t> replace_max;  // at a time; none: "workers", as many as those

  bool operator==(const StallSettings&) const = default;
};

struct RuntimeSettings {
  std::optional<std::uint32_t> workers;  // none: "auto", as many as there are usable CPUs
  std::uint32_t local_queue_capacity = limits::kLocalQueueCapacityDefault;    // a power of two
  std::uint32_t global_queue_capacity = limits::kGlobalQueueCapacityDefault;  // tasks
  std::optional<std::uint32_t> global_queue_interval;  // polls; none: "auto", tuned by the workers
  std::uint32_t event_interval = limits::kEventIntervalDefaultPolls;  // polls
  bool lifo_slot = limits::kLifoSlotDefault;
  std::uint32_t poll_budget = limits::kPollBudgetDefault;
  BlockingSettings blocking;
  StallSettings stall;

  bool operator==(const RuntimeSettings&) const = default;
};

struct PluginLimits {
  std::uint32_t tasks = limits::kPluginTasksDefault;  // alive at the same time

  bool operator==(const PluginLimits&) const = default;
};

// What the operator says about one plugin. One that is not mentioned has the defaults.
struct PluginSetting {
  bool enabled = limits::kPluginEnabledDefault;      // false: it is not loaded
  std::string config{limits::kPluginConfigDefault};  // a JSON object as text, handed to the plugin
  PluginLimits limits;

  bool operator==(const PluginSetting&) const = default;
};

struct PluginSettings {
  std::filesystem::path directory;           // always given: no default is right on every machine
  bool autoload = limits::kAutoloadDefault;  // follow the directory: see autoload.hpp
  std::uint32_t unload_ms = limits::kUnloadDefaultMs;
  std::map<std::string, PluginSetting, std::less<>> settings;  // by the plugin's name

  // What holds for a plugin, mentioned or not.
  PluginSetting of(std::string_view name) const {
    const auto found = settings.find(name);
    return found == settings.end() ? PluginSetting{} : found->second;
  }

  bool operator==(const PluginSettings&) const = default;
};

struct ControlSettings {
  std::filesystem::path socket;                     // at most kSocketPathMaxBytes long
  std::uint32_t mode = limits::kSocketModeDefault;  // permission bits of the socket

  bool operator==(const ControlSettings&) const = default;
};

struct ShutdownSettings {
  std::uint32_t grace_ms = limits::kGraceDefaultMs;

  bool operator==(const ShutdownSettings&) const = default;
};

struct LogSettings {
  log::Level level = log::Level::kInfo;
  log::Format format = log::Format::kText;

  bool operator==(const LogSettings&) const = default;
};

struct Settings {
  RuntimeSettings runtime;
  PluginSettings plugins;
  ControlSettings control;
  std::filesystem::path state_directory;
  ShutdownSettings shutdown;
  LogSettings log;

  bool operator==(const Settings&) const = default;
};

}  // namespace ekiden::daemon
