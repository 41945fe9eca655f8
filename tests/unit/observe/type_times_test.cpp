#include "runtime/observe/type_times.hpp"

#include <catch2/catch.hpp>

namespace ekiden::runtime::test {
namespace {

TypeTimesSnapshot snapshot(const TypeTimes& times) {
  TypeTimesSnapshot copy;
  times.add_to(copy);
  return copy;
}

bool about(Nanos found, Nanos real) { return found * 8 >= real * 7 && found * 8 <= real * 9; }

TEST_CASE("a poll alone in its batch is recorded as it was, less the clock's own cost") {
  TypeTimes times;
  times.batch(1, 1020, 20);
  CHECK(snapshot(times).poll.count() == 1);
  CHECK(about(snapshot(times).poll.max(), 1000));
  CHECK(snapshot(times).poll.sum_ns == 1020);
}

TEST_CASE("a batch shorter than a reading of the clock counts as no time") {
  TypeTimes times;
  times.batch(1, 5, 20);
  CHECK(snapshot(times).poll.buckets[0] == 1);
}

TEST_CASE("the poll timed last stands for the batch behind it, once") {
  TypeTimes times;
  times.batch(1, 400, 0);
  times.batch(100, 10'000, 0);  // on average 100 ns
  CHECK(about(snapshot(times).poll.quantile(0.5), 400));
  CHECK(snapshot(times).poll.count() == 101);
  times.batch(300, 30'000, 0);
  CHECK(about(snapshot(times).poll.quantile(0.5), 100));
  CHECK(snapshot(times).poll.count() == 401);
  CHECK(snapshot(times).poll.sum_ns == 40'400);
}

TEST_CASE("a batch that lasted far longer than usual contains one long poll") {
  TypeTimes times;
  for (int i = 0; i < 20; ++i)
    times.batch(100, 10'000, 0);
  times.batch(100, 510'000, 0);
  const HistogramSnapshot poll = snapshot(times).poll;
  CHECK(poll.count() == 2100);
  CHECK(poll.sum_ns == 710'000);
  CHECK(about(poll.max(), 500'000));
  CHECK(poll.count_below(1024) == 2099);
  CHECK(times.usual_ns() == 100);
}

TEST_CASE("a long poll that was timed alone stands for no other") {
  TypeTimes times;
  times.batch(100, 10'000, 0);
  times.batch(1, 50'000, 0);
  times.batch(100, 10'000, 0);
  CHECK(snapshot(times).poll.count_below(1024) == 200);
  CHECK(about(snapshot(times).poll.max(), 50'000));
}

TEST_CASE("deferred polls are recorded with the next batch, as long as its poll") {
  TypeTimes times;
  times.defer(1, 900);
  times.defer(2, 2100);
  CHECK(snapshot(times).poll.count() == 0);
  times.batch(1, 1000, 0);
  CHECK(snapshot(times).poll.count() == 4);
  CHECK(snapshot(times).poll.sum_ns == 4000);
  CHECK(about(snapshot(times).poll.max(), 1000));
  times.defer(3, 300);
  times.batch(1, 50'000, 0);
  CHECK(snapshot(times).poll.count_below(8192) == 7);
  CHECK(snapshot(times).poll.count() == 8);
}

TEST_CASE("a short delay stands for all polls since the last, a long one for itself") {
  TypeTimes times;
  times.delay_of_all(500, 10);
  times.delay_of_one(5 * kNanosPerMilli);
  times.delay_of_all(500, 20);
  const HistogramSnapshot delay = snapshot(times).delay;
  CHECK(delay.count() == 20);
  CHECK(delay.count_below(1024) == 19);
  CHECK(about(delay.max(), 5 * kNanosPerMilli));
}

}  // namespace
}  // namespace ekiden::runtime::test
