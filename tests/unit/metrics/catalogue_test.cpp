#include "daemon/metrics/catalogue.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/metrics/collect.hpp"
#include "daemon/metrics/prometheus.hpp"

namespace ekiden::daemon::metrics::test {
namespace {

std::string kind_word(Kind kind) {
  return kind == Kind::kCounter ? "counter" : kind == Kind::kHistogram ? "histogram" : "gauge";
}

std::string row_of(const Definition& metric) {
  std::string labels;
  std::istringstream names{std::string(metric.labels)};
  for (std::string name; std::getline(names, name, ',');)
    labels += (labels.empty() ? "`" : ", `") + name + "`";
  return "| `" + std::string(metric.name) + "` | " + kind_word(metric.kind) + " | " + labels +
         " | " + std::string(metric.help) + " |";
}

// One of everything.
Facts some_facts() {
  Facts facts;
  facts.version = "1";
  facts.workers.resize(2);
  facts.workers[1].info.id = 1;
  facts.channels.resize(1);
  facts.channels[0].name = "echo.out";
  facts.types.resize(1);
  facts.types[0].plugin = "echo";
  facts.types[0].info.name = "connection";
  facts.plugins.resize(1);
  facts.plugins[0].name = "echo";
  return facts;
}

TEST_CASE("METRICS.md has every metric, as it is, and no other") {
  std::ifstream file(EKIDEN_METRICS_TABLE);
  REQUIRE(file.is_open());
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) found.push_back(line);
  }
  std::vector<std::string> expected;
  for (const Definition& metric : catalogue())
    expected.push_back(row_of(metric));
  CHECK(found == expected);
}

TEST_CASE("what is rendered is the catalogue, with its labels") {
  const std::vector<Family> families = families_of(some_facts());
  REQUIRE(families.size() == catalogue().size());
  for (std::size_t i = 0; i < families.size(); ++i) {
    const Definition& metric = catalogue()[i];
    INFO(metric.name);
    CHECK(families[i].name == metric.name);
    CHECK(families[i].help == metric.help);
    for (const Sample& sample : families[i].samples) {
      std::string labels;
      for (const auto& [name, value] : sample.labels)
        labels += (labels.empty() ? "" : ",") + name;
      CHECK(labels == metric.labels);
    }
  }
}

TEST_CASE("names follow the conventions of Prometheus") {
  std::set<std::string_view> names;
  for (const Definition& metric : catalogue()) {
    INFO(metric.name);
    CHECK(metric.name.starts_with("ekiden_"));
    CHECK_FALSE(metric.name.starts_with("ekiden_plugin__"));
    CHECK(metric.name.ends_with("_total") == (metric.kind == Kind::kCounter));
    if (metric.unit == Unit::kSeconds) CHECK(metric.name.find("_seconds") != std::string::npos);
    if (metric.unit == Unit::kBytes) CHECK(metric.name.find("_bytes") != std::string::npos);
    CHECK(metric.help.ends_with("."));
    CHECK(names.insert(metric.name).second);
  }
}

TEST_CASE("two types of one name are one row") {
  Facts facts = some_facts();
  facts.types.push_back(facts.types[0]);
  facts.types[0].info.polls = 3;
  facts.types[1].info.polls = 4;
  facts.types[1].times.poll.buckets[9] = 2;
  const std::string text = prometheus_text(families_of(facts));
  CHECK(text.find("ekiden_task_polls_total{plugin=\"echo\",type=\"connection\"} 7\n") !=
        std::string::npos);
  CHECK(text.find("ekiden_task_poll_seconds_count{plugin=\"echo\",type=\"connection\"} 2\n") !=
        std::string::npos);
}

}  // namespace
}  // namespace ekiden::daemon::metrics::test
