#include "runtime/scheduler/spin_gauge.hpp"

#include <catch2/catch.hpp>

namespace ekiden::runtime::test {
namespace {

constexpr Nanos kMicro = kNanosPerMicro;

// Sleeps that end after `gap` until it wants to look; how many there were, at most `most`.
unsigned sleeps_before_a_look(SpinGauge& gauge, Nanos gap, unsigned most) {
  for (unsigned sleeps = 0; sleeps < most; ++sleeps) {
    if (gauge.should_look()) return sleeps;
    gauge.slept(gap);
  }
  return most;
}

TEST_CASE("nobody looks who never had a short gap") {
  SpinGauge gauge;
  CHECK(sleeps_before_a_look(gauge, kNanosPerMilli, 10'000) == 10'000);
}

TEST_CASE("after some short gaps it looks, and goes on while that finds something soon") {
  SpinGauge gauge;
  CHECK(sleeps_before_a_look(gauge, 60 * kMicro, 100) == SpinGauge::kTryAfterMin);
  for (int i = 0; i < 1000; ++i) {
    gauge.looked(10 * kMicro, /*found=*/true);
    REQUIRE(gauge.should_look());
  }
}

TEST_CASE("looks that take longer than a sleep costs are paid from what was saved, then end") {
  SpinGauge gauge;
  sleeps_before_a_look(gauge, 60 * kMicro, 100);
  for (int i = 0; i < 100; ++i)
    gauge.looked(10 * kMicro, /*found=*/true);
  Nanos overspent = 0;
  while (gauge.should_look()) {
    gauge.looked(40 * kMicro, /*found=*/true);
    overspent += 40 * kMicro - SpinGauge::kSleepCostNs;
    REQUIRE(overspent < 10 * SpinGauge::kAccountMaxNs);
  }
  CHECK(overspent <= SpinGauge::kAccountMaxNs + SpinGauge::kLookNsMax);
}

TEST_CASE("each try in vain makes the next one rarer") {
  SpinGauge gauge;
  unsigned before = 0;
  for (int i = 0; i < 8; ++i) {
    const unsigned sleeps = sleeps_before_a_look(gauge, 60 * kMicro, 10'000);
    gauge.looked(SpinGauge::kLookNsMax, /*found=*/false);
    if (i > 0) CHECK(sleeps == 2 * before);
    before = sleeps;
  }
}

TEST_CASE("where somebody else wants the CPU for long, looking ends for long") {
  SpinGauge gauge;
  sleeps_before_a_look(gauge, 60 * kMicro, 100);
  gauge.looked(10 * kMicro, /*found=*/true);
  gauge.was_away(10 * kMicro);  // who it waits for
  CHECK(gauge.should_look());
  gauge.was_away(3 * kNanosPerMilli);
  CHECK(sleeps_before_a_look(gauge, 60 * kMicro, 10'000) == SpinGauge::kTryAfterMax);
}

TEST_CASE("a long gap begins the count of short ones anew") {
  SpinGauge gauge;
  for (int i = 0; i < 100; ++i) {
    REQUIRE_FALSE(gauge.should_look());
    gauge.slept(i % 2 == 0 ? 60 * kMicro : kNanosPerMilli);
  }
}

}  // namespace
}  // namespace ekiden::runtime::test
