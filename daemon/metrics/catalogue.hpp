// The daemon's own metrics: names, kinds, help texts. Outside tools rely on them; METRICS.md has
// the same table for people, and a test compares the two.
#pragma once

#include <array>
#include <string_view>

#include "daemon/metrics/family.hpp"

namespace ekiden::daemon::metrics {

enum class Metric : std::uint8_t {
  kBuildInfo,
  kUptime,
  kLogDropped,
  kWorkerPolls,
  kWorkerBusy,
  kWorkerLifoHits,
  kWorkerSteals,
  kWorkerStolenTasks,
  kWorkerOverflows,
  kWorkerParks,
  kWorkerTimerFires,
  kWorkerIoEvents,
  kWorkerBudgetYields,
  kWorkerStalls,
  kWorkerReplacements,
  kWorkerQueueDepth,
  kWorkerQueueDepthMax,
  kWorkerPoll,
  kWorkerDelay,
  kQueueDepth,
  kQueueDepthMax,
  kQueueCapacity,
  kQueueRefusals,
  kBlockingThreads,
  kChannelDepth,
  kChannelDepthMax,
  kChannelCapacity,
  kChannelBytes,
  kChannelSent,
  kChannelReceived,
  kChannelSendWaits,
  kPluginInfo,
  kTasks,
  kTimers,
  kDescriptors,
  kJobs,
  kMemory,
  kRefusals,
  kCpu,
  kTaskLive,
  kTaskSpawned,
  kTaskCompleted,
  kTaskFailed,
  kTaskCancelled,
  kTaskDropped,
  kTaskPolls,
  kTaskBusy,
  kTaskStalls,
  kTaskLongestStall,
  kTaskPoll,
  kTaskDelay,
};

struct Definition {
  std::string_view name;
  Kind kind;
  Unit unit;
  std::string_view labels;  // their names, separated by commas
  std::string_view help;
};

inline constexpr std::size_t kMetrics = static_cast<std::size_t>(Metric::kTaskDelay) + 1;

// By Metric.
const std::array<Definition, kMetrics>& catalogue();

}  // namespace ekiden::daemon::metrics
