#include "runtime/scheduler/pace.hpp"

#include <catch2/catch.hpp>

namespace ekiden::runtime::test {
namespace {

// Polls until the clock is due; every poll takes `poll_ns`. Returns how many there were.
unsigned stretch(Pace& pace, Nanos poll_ns) {
  unsigned polls = 1;
  while (!pace.clock_due() || pace.only_sample())
    ++polls;
  pace.clock_read(polls * poll_ns);
  return polls;
}

unsigned polls_between_global_looks(Pace& pace) {
  while (!pace.global_due()) {
  }
  unsigned polls = 1;
  while (!pace.global_due())
    ++polls;
  return polls;
}

TEST_CASE("the clock is read after about ten microseconds of work, whatever a poll takes") {
  struct Case {
    Nanos poll_ns;
    unsigned least, most;
  };
  const Case cases[] = {{10, Pace::kClockPollsMax, Pace::kClockPollsMax},
                        {100, 80, 120},
                        {1000, 8, 12},
                        {5000, 1, 3},
                        {kNanosPerMilli, 1, 1},
                        {0, Pace::kClockPollsMax, Pace::kClockPollsMax}};
  for (const Case& c : cases) {
    CAPTURE(c.poll_ns);
    Pace pace(0);
    unsigned polls = 0;
    for (int i = 0; i < 100; ++i)
      polls = stretch(pace, c.poll_ns);
    CHECK(polls >= c.least);
    CHECK(polls <= c.most);
  }
}

TEST_CASE("the global queue is looked at after about 200 microseconds, within bounds") {
  struct Case {
    Nanos poll_ns;
    unsigned least, most;
  };
  const Case cases[] = {{1, Pace::kGlobalPollsMax, Pace::kGlobalPollsMax},
                        {100, 1600, 2400},
                        {1000, 160, 240},
                        {kNanosPerMilli, Pace::kGlobalPollsMin, Pace::kGlobalPollsMin}};
  for (const Case& c : cases) {
    CAPTURE(c.poll_ns);
    Pace pace(0);
    for (int i = 0; i < 100; ++i)
      stretch(pace, c.poll_ns);
    const unsigned polls = polls_between_global_looks(pace);
    CHECK(polls >= c.least);
    CHECK(polls <= c.most);
  }
}

TEST_CASE("a configured interval stays what it is") {
  const unsigned interval = GENERATE(1u, 7u, 65535u);
  Pace pace(interval);
  CHECK(polls_between_global_looks(pace) == interval);
  for (int i = 0; i < 50; ++i)
    stretch(pace, 100);
  CHECK(polls_between_global_looks(pace) == interval);
}

TEST_CASE("one long poll does not unsettle the average for long") {
  Pace pace(0);
  for (int i = 0; i < 100; ++i)
    stretch(pace, 100);
  stretch(pace, 10 * kNanosPerMicro);
  unsigned polls = 0;
  for (int i = 0; i < 30; ++i)
    polls = stretch(pace, 100);
  CHECK(polls >= 80);
}

TEST_CASE("time without a poll says nothing about polls") {
  Pace pace(0);
  for (int i = 0; i < 100; ++i)
    stretch(pace, 100);
  pace.clock_read(kNanosPerSecond);
  CHECK(stretch(pace, 100) >= 80);
}

TEST_CASE("the first polls are looked at one by one") {
  Pace pace(0);
  CHECK(pace.clock_due());
}

}  // namespace
}  // namespace ekiden::runtime::test
