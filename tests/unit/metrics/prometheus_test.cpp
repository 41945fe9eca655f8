#include "daemon/metrics/prometheus.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/metrics/collect.hpp"

namespace ekiden::daemon::metrics::test {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("a family has its help and type, and a line for each sample") {
  const Family family{"a_total",
                      "Things.",
                      Kind::kCounter,
                      Unit::kNone,
                      {{{{"plugin", "echo"}}, 5, nullptr}, {{}, 7, nullptr}}};
  CHECK(prometheus_text({family}) ==
        "# HELP a_total Things.\n# TYPE a_total counter\na_total{plugin=\"echo\"} 5\na_total 7\n");
}

TEST_CASE("nanoseconds are shown in seconds, exactly") {
  const auto shown = [](std::int64_t ns) {
    const Family family{"t", "", Kind::kGauge, Unit::kSeconds, {{{}, ns, nullptr}}};
    const std::string text = prometheus_text({family});
    return text.substr(text.rfind(' ') + 1);
  };
  CHECK(shown(0) == "0\n");
  CHECK(shown(1) == "0.000000001\n");
  CHECK(shown(1'500'000'000) == "1.5\n");
  CHECK(shown(-2'000'000'010) == "-2.00000001\n");
  CHECK(shown(INT64_MIN) == "-9223372036.854775808\n");
}

TEST_CASE("whatever a label holds, the text stays whole and cannot steer a terminal") {
  const Family family{"a",
                      "one\ntwo \\ \x1b",
                      Kind::kGauge,
                      Unit::kNone,
                      {{{{"name", "q\" b\\ n\n\xff\x1b[2J\xc2\x9b \xc3\xa9"}}, 1, nullptr}}};
  const std::string text = prometheus_text({family});
  CHECK(has_line(text, "# HELP a one\\ntwo \\\\ \\\\x1b"));
  CHECK(has_line(text, "a{name=\"q\\\" b\\\\ n\\n\\\\xff\\\\x1b[2J\\\\xc2\\\\x9b \xc3\xa9\"} 1"));
}

TEST_CASE("a histogram's buckets are cumulative and end with its count") {
  runtime::Histogram histogram;
  histogram.add(200);
  histogram.add(300, 2);
  histogram.add(1'000'000'000);
  auto snapshot = std::make_shared<runtime::HistogramSnapshot>();
  histogram.add_to(*snapshot);
  const Family family{
      "h_seconds", "", Kind::kHistogram, Unit::kSeconds, {{{{"worker", "0"}}, 0, snapshot}}};
  const std::string text = prometheus_text({family});
  CHECK(has_line(text, "# TYPE h_seconds histogram"));
  CHECK(has_line(text, "h_seconds_bucket{worker=\"0\",le=\"0.000000256\"} 1"));
  CHECK(has_line(text, "h_seconds_bucket{worker=\"0\",le=\"0.000000512\"} 3"));
  CHECK(has_line(text, "h_seconds_bucket{worker=\"0\",le=\"0.536870912\"} 3"));
  CHECK(has_line(text, "h_seconds_bucket{worker=\"0\",le=\"1.073741824\"} 4"));
  CHECK(has_line(text, "h_seconds_bucket{worker=\"0\",le=\"+Inf\"} 4"));
  CHECK(has_line(text, "h_seconds_sum{worker=\"0\"} 1.0000008"));
  CHECK(has_line(text, "h_seconds_count{worker=\"0\"} 4"));
}

TEST_CASE("a bound of whole numbers belongs to its bucket") {
  runtime::Histogram histogram;
  histogram.add(4095);
  histogram.add(4096);
  auto snapshot = std::make_shared<runtime::HistogramSnapshot>();
  histogram.add_to(*snapshot);
  const Family family{"b", "", Kind::kHistogram, Unit::kBytes, {{{}, 0, snapshot}}};
  const std::string text = prometheus_text({family});
  CHECK(has_line(text, "b_bucket{le=\"4095\"} 1"));
  CHECK(has_line(text, "b_bucket{le=\"8191\"} 2"));
}

TEST_CASE("of two rows with the same labels counters make the sum and maxima the larger") {
  Facts facts;
  for (const std::uint64_t ns : {60'000'000, 70'000'000}) {
    TypeFacts type;
    type.plugin = "p";
    type.info.name = "t";
    type.info.stalls = 1;
    type.info.longest_stall_ns = ns;
    facts.types.push_back(std::move(type));
  }
  const std::string text = prometheus_text(families_of(facts));
  CHECK(has_line(text, "ekiden_task_stalls_total{plugin=\"p\",type=\"t\"} 2"));
  CHECK(has_line(text, "ekiden_task_longest_stall_seconds{plugin=\"p\",type=\"t\"} 0.07"));
}

}  // namespace
}  // namespace ekiden::daemon::metrics::test
