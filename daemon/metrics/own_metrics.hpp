// The metrics that plugins keep themselves (ekd.metrics/1): one PluginMetrics an instance, gone
// with it, and one directory of all for whoever shows them.
//
// Counting is for any thread and takes no lock. A counter is spread over shards, each a cache line,
// so that threads do not meet: about 5 ns. Of a histogram only the buckets are spread, because a
// thread seldom meets another in the same one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/metrics/family.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::metrics {

inline constexpr std::size_t kOwnMetricsMax = 256;    // an instance
inline constexpr std::size_t kOwnNameBytesMax = 63;   // [a-z][a-z0-9_]*
inline constexpr std::size_t kOwnHelpBytesMax = 255;  // cut beyond it
inline constexpr unsigned kCounterShards = 16;

class OwnMetric {
 public:
  OwnMetric(std::string name, std::string help, Kind kind, Unit unit);

  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }
  Kind kind() const { return kind_; }
  Unit unit() const { return unit_; }

  // Any thread. Which of them a kind has is the caller's to know.
  void add(std::int64_t amount) noexcept;      // counter, gauge
  void set(std::int64_t value) noexcept;       // gauge
  void observe(std::uint64_t value) noexcept;  // histogram

  std::int64_t value() const noexcept;
  runtime::HistogramSnapshot histogram() const noexcept;

 private:
  struct alignas(runtime::kCacheLineBytes) Shard {
    runtime::Atomic<std::int64_t> value{0};
  };
  struct Buckets {
    std::array<runtime::Counter, runtime::HistogramBuckets::kCount> counts{};
    runtime::Counter sum{0};
  };

  const std::string name_;
  const std::string help_;
  const Kind kind_;
  const Unit unit_;
  const std::unique_ptr<Shard[]> shards_;   // of a counter; a gauge has one
  const std::unique_ptr<Buckets> buckets_;  // of a histogram
};

enum class AddFault : std::uint8_t { kNone, kBadName, kExists, kLimit };

// Enters itself into the directory for as long as it lives.
class PluginMetrics {
 public:
  explicit PluginMetrics(std::string plugin);
  ~PluginMetrics();
  PluginMetrics(const PluginMetrics&) = delete;
  PluginMetrics& operator=(const PluginMetrics&) = delete;

  // Any thread. The index of the new metric, and what find() takes.
  AddFault add(std::string_view name, std::string_view help, Kind kind, Unit unit,
               std::uint32_t& index);
  // Any thread, no lock. Null where there is none.
  OwnMetric* find(std::uint32_t index) const noexcept;

  // Adds its families to a list; those whose name is there already join it, if the kind is the
  // same.
  void collect(std::vector<Family>& families) const;

 private:
  const std::string plugin_;
  mutable runtime::Mutex mutex_;
  std::vector<std::unique_ptr<OwnMetric>> owned_ EKIDEN_GUARDED_BY(mutex_);
  std::array<runtime::Atomic<OwnMetric*>, kOwnMetricsMax> metrics_{};
};

// Of all plugins: families named ekiden_plugin_<plugin>_<name>, labelled plugin="<plugin>". Any
// thread.
std::vector<Family> collect_own_metrics();

}  // namespace ekiden::daemon::metrics
