#include "daemon/metrics/collect.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/metrics/catalogue.hpp"

namespace ekiden::daemon::metrics {
namespace {

using runtime::HistogramSnapshot;

// Two types of one name, or two generations of a plugin while one replaces the other, are one to
// whoever looks: Prometheus refuses a text that has the same labels twice.
void merge_same_labels(Family& family) {
  const bool is_maximum = family.kind == Kind::kMaximum;
  std::map<Labels, std::size_t> places;
  std::vector<Sample> merged;
  for (Sample& sample : family.samples) {
    const auto [place, is_new] = places.try_emplace(sample.labels, merged.size());
    if (is_new) {
      merged.push_back(std::move(sample));
      continue;
    }
    Sample& into = merged[place->second];
    into.value = is_maximum ? std::max(into.value, sample.value) : into.value + sample.value;
    if (sample.histogram) {
      auto both = std::make_shared<HistogramSnapshot>(*into.histogram);
      *both += *sample.histogram;
      into.histogram = std::move(both);
    }
  }
  family.samples = std::move(merged);
}

class Collection {
 public:
  Collection() {
    for (const Definition& of : catalogue()) {
      families_.push_back(
          {std::string(of.name), std::string(of.help), of.kind, of.unit, std::vector<Sample>()});
    }
  }

  void add(Metric metric, Labels labels, std::uint64_t value) {
    samples(metric).push_back({std::move(labels), static_cast<std::int64_t>(value), nullptr});
  }
  void add(Metric metric, Labels labels, const HistogramSnapshot& histogram) {
    samples(metric).push_back(
        {std::move(labels), 0, std::make_shared<const HistogramSnapshot>(histogram)});
  }
  std::vector<Family> take(const std::vector<Family>& own) {
    std::erase_if(families_, [](const Family& family) { return family.samples.empty(); });
    families_.insert(families_.end(), own.begin(), own.end());
    for (Family& family : families_)
      merge_same_labels(family);
    return std::move(families_);
  }

 private:
  std::vector<Sample>& samples(Metric metric) {
    return families_[static_cast<std::size_t>(metric)].samples;
  }

  std::vector<Family> families_;
};

void add_worker(Collection& to, const WorkerFacts& worker) {
  const runtime::WorkerInfo& info = worker.info;
  const Labels labels = {{"worker", std::to_string(info.id)}};
  to.add(Metric::kWorkerPolls, labels, info.polls);
  to.add(Metric::kWorkerBusy, labels, info.busy_ns);
  to.add(Metric::kWorkerLifoHits, labels, info.lifo_hits);
  to.add(Metric::kWorkerSteals, labels, info.steals);
  to.add(Metric::kWorkerStolenTasks, labels, info.stolen_tasks);
  to.add(Metric::kWorkerOverflows, labels, info.overflows);
  to.add(Metric::kWorkerParks, labels, info.parks);
  to.add(Metric::kWorkerTimerFires, labels, info.timer_fires);
  to.add(Metric::kWorkerIoEvents, labels, info.io_events);
  to.add(Metric::kWorkerBudgetYields, labels, info.budget_yields);
  to.add(Metric::kWorkerStalls, labels, info.stalls);
  to.add(Metric::kWorkerReplacements, labels, info.replacements);
  to.add(Metric::kWorkerQueueDepth, labels, info.local_depth);
  to.add(Metric::kWorkerQueueDepthMax, labels, info.local_high_water);
  to.add(Metric::kWorkerPoll, labels, worker.times.poll);
  to.add(Metric::kWorkerDelay, labels, worker.times.delay);
}

void add_queues(Collection& to, const runtime::QueueInfo& queues) {
  const Labels global = {{"queue", "global"}};
  const Labels blocking = {{"queue", "blocking"}};
  to.add(Metric::kQueueDepth, global, queues.global_depth);
  to.add(Metric::kQueueDepth, blocking, queues.blocking_depth);
  to.add(Metric::kQueueDepthMax, global, queues.global_high_water);
  to.add(Metric::kQueueDepthMax, blocking, queues.blocking_high_water);
  to.add(Metric::kQueueCapacity, global, queues.global_capacity);
  to.add(Metric::kQueueCapacity, blocking, queues.blocking_capacity);
  to.add(Metric::kQueueRefusals, global, queues.refusals);
  to.add(Metric::kQueueRefusals, blocking, queues.blocking_refusals);
  to.add(Metric::kBlockingThreads, {}, queues.blocking_threads);
}

void add_channel(Collection& to, const runtime::ChannelInfo& channel) {
  const Labels labels = {{"channel", channel.name}};
  to.add(Metric::kChannelDepth, labels, channel.queued);
  to.add(Metric::kChannelDepthMax, labels, channel.high_water);
  to.add(Metric::kChannelCapacity, labels, channel.capacity);
  to.add(Metric::kChannelBytes, labels, channel.queued_bytes);
  to.add(Metric::kChannelSent, labels, channel.sent);
  to.add(Metric::kChannelReceived, labels, channel.received);
  to.add(Metric::kChannelSendWaits, labels, channel.send_waits);
}

void add_plugin(Collection& to, const PluginFacts& plugin) {
  const Labels labels = {{"plugin", plugin.name}};
  to.add(Metric::kPluginInfo,
         {{"plugin", plugin.name}, {"version", plugin.version}, {"state", plugin.state}},
         std::uint64_t{1});
  to.add(Metric::kTasks, labels, plugin.tasks);
  to.add(Metric::kTimers, labels, plugin.timers);
  to.add(Metric::kDescriptors, labels, plugin.descriptors);
  to.add(Metric::kJobs, labels, plugin.jobs);
  to.add(Metric::kMemory, labels, plugin.memory_bytes);
  to.add(Metric::kRefusals, labels, plugin.refusals);
  to.add(Metric::kCpu, labels, plugin.busy_ns);
}

void add_type(Collection& to, const TypeFacts& type) {
  const runtime::TypeInfo& info = type.info;
  const Labels labels = {{"plugin", type.plugin}, {"type", info.name}};
  to.add(Metric::kTaskLive, labels, info.live);
  to.add(Metric::kTaskSpawned, labels, info.spawned);
  to.add(Metric::kTaskCompleted, labels, info.completed);
  to.add(Metric::kTaskFailed, labels, info.failed);
  to.add(Metric::kTaskCancelled, labels, info.cancelled);
  to.add(Metric::kTaskDropped, labels, info.dropped);
  to.add(Metric::kTaskPolls, labels, info.polls);
  to.add(Metric::kTaskBusy, labels, info.busy_ns);
  to.add(Metric::kTaskStalls, labels, info.stalls);
  to.add(Metric::kTaskLongestStall, labels, info.longest_stall_ns);
  to.add(Metric::kTaskPoll, labels, type.times.poll);
  to.add(Metric::kTaskDelay, labels, type.times.delay);
}

}  // namespace

std::vector<Family> families_of(const Facts& facts) {
  Collection to;
  to.add(Metric::kBuildInfo, {{"version", facts.version}}, std::uint64_t{1});
  to.add(Metric::kUptime, {}, facts.uptime_ns);
  to.add(Metric::kLogDropped, {}, facts.log_dropped);
  for (const WorkerFacts& worker : facts.workers)
    add_worker(to, worker);
  add_queues(to, facts.queues);
  for (const runtime::ChannelInfo& channel : facts.channels)
    add_channel(to, channel);
  for (const PluginFacts& plugin : facts.plugins)
    add_plugin(to, plugin);
  for (const TypeFacts& type : facts.types)
    add_type(to, type);
  return to.take(facts.own);
}

}  // namespace ekiden::daemon::metrics
