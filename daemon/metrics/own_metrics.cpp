#include "daemon/metrics/own_metrics.hpp"

#include <algorithm>

namespace ekiden::daemon::metrics {
namespace {

using runtime::HistogramBuckets;
using runtime::MutexLock;

// All that live. The lock is taken before a PluginMetrics' own.
struct Directory {
  runtime::Mutex mutex;
  std::vector<const PluginMetrics*> all EKIDEN_GUARDED_BY(mutex);
};

Directory& directory() {
  static Directory the_one;
  return the_one;
}

unsigned shard_of_this_thread() {
  static runtime::Atomic<unsigned> next{0};
  thread_local const unsigned shard = next.fetch_add(1, std::memory_order_relaxed) % kCounterShards;
  return shard;
}

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= kOwnNameBytesMax && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string with_suffix(std::string name, std::string_view suffix) {
  return name.ends_with(suffix) ? name : name + std::string(suffix);
}

// The unit and `_total` are part of a name in Prometheus; whoever wrote them already is forgiven.
std::string family_name(const std::string& plugin, const OwnMetric& metric) {
  std::string name = metric.name();
  if (metric.kind() == Kind::kCounter && name.ends_with("_total")) name.resize(name.size() - 6);
  if (metric.unit() == Unit::kSeconds) name = with_suffix(std::move(name), "_seconds");
  if (metric.unit() == Unit::kBytes) name = with_suffix(std::move(name), "_bytes");
  if (metric.kind() == Kind::kCounter) name += "_total";
  return "ekiden_plugin_" + plugin + "_" + name;
}

// A histogram is written as three series with names of their own.
bool is_series_of(const std::string& histogram, const std::string& name) {
  return name == histogram + "_bucket" || name == histogram + "_sum" ||
         name == histogram + "_count";
}

bool clash(const std::string& a, Kind a_kind, const std::string& b, Kind b_kind) {
  return a == b || (a_kind == Kind::kHistogram && is_series_of(a, b)) ||
         (b_kind == Kind::kHistogram && is_series_of(b, a));
}

}  // namespace

OwnMetric::OwnMetric(std::string name, std::string help, Kind kind, Unit unit)
    : name_(std::move(name)),
      help_(std::move(help)),
      kind_(kind),
      unit_(unit),
      shards_(kind == Kind::kHistogram
                  ? nullptr
                  : std::make_unique<Shard[]>(kind == Kind::kCounter ? kCounterShards : 1)),
      buckets_(kind == Kind::kHistogram ? std::make_unique<Buckets>() : nullptr) {}

// relaxed, all of them: a metric publishes nothing but itself.
void OwnMetric::add(std::int64_t amount) noexcept {
  const unsigned shard = kind_ == Kind::kCounter ? shard_of_this_thread() : 0;
  shards_[shard].value.fetch_add(amount, std::memory_order_relaxed);
}

void OwnMetric::set(std::int64_t value) noexcept {
  shards_[0].value.store(value, std::memory_order_relaxed);
}

void OwnMetric::observe(std::uint64_t value) noexcept {
  buckets_->counts[HistogramBuckets::of(value)].fetch_add(1, std::memory_order_relaxed);
  buckets_->sum.fetch_add(value, std::memory_order_relaxed);
}

std::int64_t OwnMetric::value() const noexcept {
  std::int64_t sum = 0;
  for (unsigned i = 0; i < (kind_ == Kind::kCounter ? kCounterShards : 1); ++i)
    sum += shards_[i].value.load(std::memory_order_relaxed);
  return sum;
}

runtime::HistogramSnapshot OwnMetric::histogram() const noexcept {
  runtime::HistogramSnapshot copy;
  for (std::size_t i = 0; i < copy.buckets.size(); ++i)
    copy.buckets[i] = buckets_->counts[i].load(std::memory_order_relaxed);
  copy.sum_ns = buckets_->sum.load(std::memory_order_relaxed);
  return copy;
}

PluginMetrics::PluginMetrics(std::string plugin) : plugin_(std::move(plugin)) {
  MutexLock lock(directory().mutex);
  directory().all.push_back(this);
}

PluginMetrics::~PluginMetrics() {
  MutexLock lock(directory().mutex);
  std::erase(directory().all, this);
}

AddFault PluginMetrics::add(std::string_view name, std::string_view help, Kind kind, Unit unit,
                            std::uint32_t& index) {
  if (!is_name(name)) return AddFault::kBadName;
  auto made = std::make_unique<OwnMetric>(
      std::string(name), std::string(help.substr(0, kOwnHelpBytesMax)), kind, unit);
  MutexLock lock(mutex_);
  const std::string whole = family_name(plugin_, *made);
  for (const auto& metric : owned_) {
    if (clash(family_name(plugin_, *metric), metric->kind(), whole, kind)) return AddFault::kExists;
  }
  if (owned_.size() == kOwnMetricsMax) return AddFault::kLimit;
  index = static_cast<std::uint32_t>(owned_.size());
  owned_.push_back(std::move(made));
  // release: pairs with the acquire in find().
  metrics_[index].store(owned_.back().get(), std::memory_order_release);
  return AddFault::kNone;
}

OwnMetric* PluginMetrics::find(std::uint32_t index) const noexcept {
  return index < kOwnMetricsMax ? metrics_[index].load(std::memory_order_acquire) : nullptr;
}

void PluginMetrics::collect(std::vector<Family>& families) const {
  MutexLock lock(mutex_);
  for (const auto& metric : owned_) {
    const std::string name = family_name(plugin_, *metric);
    auto found = std::find_if(families.begin(), families.end(),
                              [&](const Family& family) { return family.name == name; });
    // Plugin a's b_c and plugin a_b's c: one family, if it can be one.
    if (found == families.end()) {
      families.push_back({name, metric->help(), metric->kind(), metric->unit(), {}});
      found = families.end() - 1;
    } else if (found->kind != metric->kind() || found->unit != metric->unit()) {
      continue;
    }
    Sample sample{{{"plugin", plugin_}}, 0, nullptr};
    if (metric->kind() == Kind::kHistogram) {
      sample.histogram = std::make_shared<runtime::HistogramSnapshot>(metric->histogram());
    } else {
      sample.value = metric->value();
    }
    found->samples.push_back(std::move(sample));
  }
}

std::vector<Family> collect_own_metrics() {
  std::vector<Family> families;
  MutexLock lock(directory().mutex);
  for (const PluginMetrics* plugin : directory().all)
    plugin->collect(families);
  return families;
}

}  // namespace ekiden::daemon::metrics
