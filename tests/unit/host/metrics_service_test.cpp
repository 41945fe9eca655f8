#include <catch2/catch.hpp>
#include <limits>
#include <optional>
#include <string>
#include <thread>

#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_metrics.hpp"
#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

const ekd_metrics_api& metrics_of(Daemon& daemon) {
  const void* table = daemon.host->table()->get_ext(EKD_METRICS_ID, sizeof(ekd_metrics_api));
  REQUIRE(table != nullptr);
  return *static_cast<const ekd_metrics_api*>(table);
}

class Answers final : public metrics::Exposition {
 public:
  Answers() { metrics::set_exposition(this); }
  ~Answers() { metrics::set_exposition(nullptr); }
  std::string render(metrics::Format format) const override {
    return format == metrics::Format::kJson ? "{}" : "a 1\n";
  }
  metrics::Readiness readiness() const override { return metrics::Readiness::kReady; }
};

// The value of a plugin's metric as others see it.
std::optional<std::int64_t> shown(const std::string& name) {
  for (const metrics::Family& family : metrics::collect_own_metrics()) {
    if (family.name == name) return family.samples.at(0).value;
  }
  return std::nullopt;
}

TEST_CASE("metrics count, are seen, and go with their instance", "[metrics]") {
  Daemon daemon(1);
  {
    Plugin plugin(daemon, "counts");
    const ekd_metrics_api& api = metrics_of(daemon);
    ekd_metric counter = 0;
    ekd_metric gauge = 0;
    ekd_metric histogram = 0;
    REQUIRE(api.add_metric(plugin.ctx, EKD_METRIC_COUNTER, EKD_UNIT_NONE, EKD_STR("hits"),
                           EKD_STR("Hits."), &counter, nullptr) == EKD_OK);
    REQUIRE(api.add_metric(plugin.ctx, EKD_METRIC_GAUGE, EKD_UNIT_BYTES, EKD_STR("held"),
                           EKD_STR(""), &gauge, nullptr) == EKD_OK);
    REQUIRE(api.add_metric(plugin.ctx, EKD_METRIC_HISTOGRAM, EKD_UNIT_SECONDS, EKD_STR("took"),
                           EKD_STR(""), &histogram, nullptr) == EKD_OK);
    CHECK(api.add(plugin.ctx, counter, 2) == EKD_OK);
    CHECK(api.add(plugin.ctx, counter, 3) == EKD_OK);
    CHECK(api.set(plugin.ctx, gauge, 10) == EKD_OK);
    CHECK(api.add(plugin.ctx, gauge, -4) == EKD_OK);
    CHECK(api.observe(plugin.ctx, histogram, 1000) == EKD_OK);
    // From a thread of the plugin's own, too.
    std::thread([&] { api.add(plugin.ctx, counter, 1); }).join();
    CHECK(shown("ekiden_plugin_counts_hits_total") == 6);
    CHECK(shown("ekiden_plugin_counts_held_bytes") == 6);
  }
  CHECK(metrics::collect_own_metrics().empty());
}

TEST_CASE("misuse of metrics is an error code", "[metrics]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "wrong");
  Plugin other(daemon, "other");
  const ekd_metrics_api& api = metrics_of(daemon);
  ekd_metric counter = 0;
  ekd_metric histogram = 0;
  const auto add = [&](std::uint32_t kind, std::uint32_t unit, ekd_str name, ekd_metric* out) {
    return api.add_metric(plugin.ctx, kind, unit, name, EKD_STR(""), out, nullptr);
  };
  REQUIRE(add(EKD_METRIC_COUNTER, 0, EKD_STR("n"), &counter) == EKD_OK);
  REQUIRE(add(EKD_METRIC_HISTOGRAM, 0, EKD_STR("h"), &histogram) == EKD_OK);
  ekd_metric none = 77;
  CHECK(add(EKD_METRIC_GAUGE, 0, EKD_STR("h"), &none) == EKD_E_INVALID);
  CHECK(add(EKD_METRIC_GAUGE, 0, EKD_STR("Big"), &none) == EKD_E_INVALID);
  CHECK(add(EKD_METRIC_GAUGE, 0, ekd_str_of(nullptr, 3), &none) == EKD_E_INVALID);
  CHECK(add(EKD_METRIC_GAUGE, 0, EKD_STR("g"), nullptr) == EKD_E_INVALID);
  CHECK(add(3, 0, EKD_STR("g"), &none) == EKD_E_UNSUPPORTED);
  CHECK(add(EKD_METRIC_GAUGE, 3, EKD_STR("g"), &none) == EKD_E_UNSUPPORTED);
  CHECK(none == 77);
  CHECK(api.add(plugin.ctx, counter, -1) == EKD_E_INVALID);
  CHECK(api.set(plugin.ctx, counter, 1) == EKD_E_INVALID);
  CHECK(api.observe(plugin.ctx, counter, 1) == EKD_E_INVALID);
  CHECK(api.add(plugin.ctx, histogram, 1) == EKD_E_INVALID);
  CHECK(api.add(plugin.ctx, 0, 1) == EKD_E_INVALID);
  CHECK(api.add(plugin.ctx, counter + 5, 1) == EKD_E_INVALID);
  CHECK(api.add(plugin.ctx, std::numeric_limits<ekd_metric>::max(), 1) == EKD_E_FOREIGN);
  CHECK(api.add(other.ctx, counter, 1) == EKD_E_FOREIGN);
  daemon.host->stop_admission(plugin.ctx);
  CHECK(add(EKD_METRIC_GAUGE, 0, EKD_STR("late"), &none) == EKD_E_DRAINING);
  CHECK(api.add(plugin.ctx, counter, 1) == EKD_OK);
  CHECK(shown("ekiden_plugin_wrong_n_total") == 1);
}

TEST_CASE("an instance has so many metrics and no more", "[metrics]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "many");
  const ekd_metrics_api& api = metrics_of(daemon);
  ekd_metric metric = 0;
  std::int32_t code = EKD_OK;
  std::size_t added = 0;
  while (code == EKD_OK) {
    const std::string name = "m" + std::to_string(added);
    code = api.add_metric(plugin.ctx, EKD_METRIC_GAUGE, 0, ekd_str_of(name.data(), name.size()),
                          EKD_STR(""), &metric, nullptr);
    if (code == EKD_OK) ++added;
  }
  CHECK(code == EKD_E_LIMIT);
  CHECK(added == metrics::kOwnMetricsMax);
}

// Renders on a blocking job, which is one of the places for it.
struct Rendering {
  Plugin* plugin;
  const ekd_metrics_api* api;
  std::uint32_t format;
  std::atomic<std::int32_t> code{1};
  std::string text;
  std::uint64_t blocks = 0;
};

std::int32_t render(void* argument) {
  auto& r = *static_cast<Rendering*>(argument);
  char* text = nullptr;
  std::uint64_t size = 0;
  const std::int32_t code = r.api->render(r.plugin->ctx, r.format, &text, &size);
  if (code == EKD_OK) {
    r.text.assign(text, size);
    if (r.plugin->api.memory->free(r.plugin->ctx, text) == EKD_OK) ++r.blocks;
  }
  r.code = code;
  return EKD_OK;
}

std::string render_on_the_pool(Plugin& plugin, const ekd_metrics_api& api, std::uint32_t format,
                               std::int32_t expected) {
  Rendering r{&plugin, &api, format, {}, {}, 0};
  r.code = 1;
  ekd_job_options job{};
  job.struct_size = sizeof(job);
  job.run = render;
  job.argument = &r;
  ekd_job handle = 0;
  REQUIRE(plugin.api.blocking->submit(plugin.ctx, &job, &handle, nullptr) == EKD_OK);
  REQUIRE(eventually([&] { return r.code.load() != 1; }));
  CHECK(r.code.load() == expected);
  CHECK(r.blocks == (expected == EKD_OK ? 1 : 0));
  std::int32_t result = 0;
  REQUIRE(eventually([&] {
    return plugin.api.blocking->job_poll(plugin.ctx, handle, 0, &result, nullptr) == EKD_READY;
  }));
  CHECK(plugin.api.blocking->job_close(plugin.ctx, handle) == EKD_OK);
  return r.text;
}

TEST_CASE("the daemon's metrics come as text, and as host memory", "[metrics]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "reader");
  const ekd_metrics_api& api = metrics_of(daemon);
  CHECK(api.daemon_state(plugin.ctx) == EKD_DAEMON_DRAINING);
  CHECK(render_on_the_pool(plugin, api, EKD_METRICS_PROMETHEUS, EKD_E_CLOSED).empty());
  const Answers answers;
  CHECK(api.daemon_state(plugin.ctx) == EKD_DAEMON_READY);
  CHECK(render_on_the_pool(plugin, api, EKD_METRICS_PROMETHEUS, EKD_OK) == "a 1\n");
  CHECK(render_on_the_pool(plugin, api, EKD_METRICS_JSON, EKD_OK) == "{}");
  CHECK(render_on_the_pool(plugin, api, 2, EKD_E_UNSUPPORTED).empty());
  CHECK(daemon.host->memory(plugin.ctx).blocks == 0);
  // A thread of the plugin's own may not wait for what an unload may hold.
  char* text = nullptr;
  std::uint64_t size = 0;
  CHECK(api.render(plugin.ctx, EKD_METRICS_PROMETHEUS, &text, &size) == EKD_E_WRONG_THREAD);
}

}  // namespace
}  // namespace ekiden::daemon::test
