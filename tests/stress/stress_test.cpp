// Random work, unloads and shutdowns for a while. See settings.hpp for how long and with which
// seed.

#include <sched.h>

#include <catch2/catch.hpp>
#include <vector>

#include "tests/stress/round.hpp"
#include "tests/stress/settings.hpp"

namespace ekiden::runtime::stress {
namespace {

// Rounds over all worker counts, again and again, until the share of the time is spent.
void run_rounds(double share, std::uint64_t salt, const std::vector<unsigned>& worker_counts,
                RoundPlan plan) {
  const Deadline deadline(share);
  Random random(seed() ^ salt);
  for (std::size_t round = 0; round < worker_counts.size() || !deadline.passed(); ++round) {
    plan.workers = worker_counts[round % worker_counts.size()];
    plan.lasts = std::chrono::milliseconds(1 + random.below(200));
    plan.wind_down = random.one_in(2);
    const std::uint64_t round_seed = random.next();
    CAPTURE(round, plan.workers, plan.lasts.count(), plan.wind_down, round_seed);
    const std::string problems = run_round(plan, round_seed);
    CHECK(problems == "");
    if (!problems.empty()) return;
  }
}

TEST_CASE("tasks that do everything at random, shut down at any moment") {
  run_rounds(0.4, 1, {1, 2, 3, 4, 8, 5, 7}, {});
}

TEST_CASE("owners that come and go while others work") {
  RoundPlan plan;
  plan.tenants = 4;
  plan.churn = true;
  run_rounds(0.35, 2, {1, 2, 3, 4, 8, 5}, plan);
}

TEST_CASE("everything on one CPU") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &before))
    ++cpu;
  CPU_SET(cpu, &one);
  // Threads inherit it, so every one that a round starts shares this CPU.
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  RoundPlan plan;
  plan.churn = true;
  run_rounds(0.25, 3, {1, 2, 4, 3}, plan);
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}

}  // namespace
}  // namespace ekiden::runtime::stress
