#include "daemon/metrics/own_metrics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

namespace ekiden::daemon::metrics::test {
namespace {

const Family* find(const std::vector<Family>& families, const std::string& name) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const Family& family) { return family.name == name; });
  return found != families.end() ? &*found : nullptr;
}

TEST_CASE("a plugin's metrics are listed under its name while it lives") {
  std::uint32_t index = 0;
  {
    PluginMetrics metrics("echo");
    REQUIRE(metrics.add("requests", "Requests.", Kind::kCounter, Unit::kNone, index) ==
            AddFault::kNone);
    metrics.find(index)->add(3);
    REQUIRE(metrics.add("latency", "", Kind::kHistogram, Unit::kSeconds, index) == AddFault::kNone);
    metrics.find(index)->observe(1000);
    REQUIRE(metrics.add("held_bytes", "", Kind::kGauge, Unit::kBytes, index) == AddFault::kNone);
    metrics.find(index)->set(-4);
    const std::vector<Family> families = collect_own_metrics();
    REQUIRE(families.size() == 3);
    const Family* requests = find(families, "ekiden_plugin_echo_requests_total");
    REQUIRE(requests != nullptr);
    CHECK(requests->help == "Requests.");
    CHECK(requests->samples.at(0).value == 3);
    CHECK(requests->samples.at(0).labels == Labels{{"plugin", "echo"}});
    const Family* latency = find(families, "ekiden_plugin_echo_latency_seconds");
    REQUIRE(latency != nullptr);
    CHECK(latency->samples.at(0).histogram->count() == 1);
    const Family* held = find(families, "ekiden_plugin_echo_held_bytes");
    REQUIRE(held != nullptr);
    CHECK(held->samples.at(0).value == -4);
  }
  CHECK(collect_own_metrics().empty());
}

TEST_CASE("names are checked, may come once, and are bounded in number") {
  PluginMetrics metrics("p");
  std::uint32_t index = 0;
  const auto add = [&](const std::string& name, Kind kind = Kind::kGauge) {
    return metrics.add(name, "", kind, Unit::kNone, index);
  };
  for (const char* bad : {"", "A", "1a", "_a", "a-b", "a b", "\xff"})
    CHECK(add(bad) == AddFault::kBadName);
  CHECK(add(std::string(kOwnNameBytesMax + 1, 'a')) == AddFault::kBadName);
  CHECK(add(std::string(kOwnNameBytesMax, 'a')) == AddFault::kNone);
  CHECK(add("b", Kind::kCounter) == AddFault::kNone);
  CHECK(add("b", Kind::kCounter) == AddFault::kExists);
  CHECK(add("b_total", Kind::kCounter) == AddFault::kExists);
  // A histogram is three series, which no other metric may be.
  CHECK(add("h", Kind::kHistogram) == AddFault::kNone);
  for (const char* series : {"h_count", "h_sum", "h_bucket"})
    CHECK(add(series) == AddFault::kExists);
  CHECK(add("g_count") == AddFault::kNone);
  CHECK(add("g", Kind::kHistogram) == AddFault::kExists);
  std::size_t added = 4;
  while (add("n" + std::to_string(added)) == AddFault::kNone)
    ++added;
  CHECK(added == kOwnMetricsMax);
  CHECK(add("one_more") == AddFault::kLimit);
  CHECK(metrics.find(kOwnMetricsMax) == nullptr);
  CHECK(metrics.find(~std::uint32_t{0}) == nullptr);
}

TEST_CASE("two plugins whose names meet share a family, or the second is left out") {
  PluginMetrics a("a");
  PluginMetrics ab("a_b");
  std::uint32_t index = 0;
  REQUIRE(a.add("b_c", "", Kind::kGauge, Unit::kNone, index) == AddFault::kNone);
  REQUIRE(ab.add("c", "", Kind::kGauge, Unit::kNone, index) == AddFault::kNone);
  REQUIRE(a.add("b_d", "", Kind::kGauge, Unit::kNone, index) == AddFault::kNone);
  REQUIRE(ab.add("d", "", Kind::kHistogram, Unit::kNone, index) == AddFault::kNone);
  const std::vector<Family> families = collect_own_metrics();
  REQUIRE(families.size() == 2);
  CHECK(families[0].samples.size() == 2);
  CHECK(families[1].samples.size() == 1);
}

TEST_CASE("nothing that many threads count is lost") {
  PluginMetrics metrics("busy");
  std::uint32_t counter = 0;
  std::uint32_t histogram = 0;
  REQUIRE(metrics.add("n", "", Kind::kCounter, Unit::kNone, counter) == AddFault::kNone);
  REQUIRE(metrics.add("h", "", Kind::kHistogram, Unit::kNone, histogram) == AddFault::kNone);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t n = 0; n < 5000; ++n) {
        metrics.find(counter)->add(1);
        metrics.find(histogram)->observe(n);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(metrics.find(counter)->value() == 40'000);
  CHECK(metrics.find(histogram)->histogram().count() == 40'000);
}

}  // namespace
}  // namespace ekiden::daemon::metrics::test
