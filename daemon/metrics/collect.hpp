// Everything that is counted, read once and turned into one list of families.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/metrics/family.hpp"
#include "runtime/channel/channel.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::metrics {

struct WorkerFacts {
  runtime::WorkerInfo info;
  runtime::TypeTimesSnapshot times;
};

struct TypeFacts {
  std::string plugin;
  runtime::TypeInfo info;
  runtime::TypeTimesSnapshot times;
};

struct PluginFacts {
  std::string name;
  std::string version;
  std::string state;
  std::uint64_t tasks = 0;
  std::uint64_t timers = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t jobs = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t refusals = 0;
  std::uint64_t busy_ns = 0;  // the sum over its types
};

// What is known at one moment: each row is right for itself.
struct Facts {
  std::string version;
  runtime::Nanos uptime_ns = 0;
  std::uint64_t log_dropped = 0;
  runtime::QueueInfo queues;
  std::vector<runtime::ChannelInfo> channels;
  std::vector<WorkerFacts> workers;
  std::vector<TypeFacts> types;
  std::vector<PluginFacts> plugins;
  std::vector<Family> own;  // of the plugins
};

// In the order of the catalogue, then the plugins' own. A family without samples is left out.
std::vector<Family> families_of(const Facts& facts);

}  // namespace ekiden::daemon::metrics
