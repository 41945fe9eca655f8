#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/blocking/pool_fixture.hpp"

using namespace ekiden::runtime;
using namespace ekiden::runtime::test;

namespace {

Nanos in_ms(Nanos ms) { return SystemClock::instance().now_ns() + ms * kNanosPerMilli; }

}  // namespace

TEST_CASE("a pool that was never used shuts down, twice") {
  CountingTarget target;
  BlockingPool pool(target, pool_options(4));
  CHECK(pool.shutdown(in_ms(10'000)));
  CHECK(pool.shutdown(0));
  Probe probe;
  Handle job;
  CHECK(pool.submit(1, probe.quick(), job) == Status::kDraining);
  CHECK(probe.dropped() == 0);
}

TEST_CASE("a shutdown drops what is queued, lets what runs end, and wakes who waits") {
  CountingTarget target;
  Probe held;
  Probe probe;
  BlockingPool pool(target, pool_options(1));
  const Handle running = submit(pool, held.held());
  REQUIRE(eventually([&] { return held.started() == 1; }));
  std::vector<Handle> queued;
  for (int i = 0; i < 10; ++i)
    queued.push_back(submit(pool, probe.quick()));
  CHECK(poll(pool, running) == Status::kPending);
  for (const Handle job : queued)
    CHECK(poll(pool, job) == Status::kPending);

  std::vector<RunningJob> stuck;
  CHECK_FALSE(pool.shutdown(in_ms(1), &stuck));
  REQUIRE(stuck.size() == 1);
  CHECK(stuck[0].job == running);
  CHECK(stuck[0].owner == 1);
  CHECK(probe.dropped() == 10);
  CHECK(target.total() == 10);
  for (const Handle job : queued)
    CHECK(poll(pool, job) == Status::kCancelled);
  CHECK(pool.count(1) == 11);

  held.open();
  CHECK(pool.shutdown(in_ms(30'000), &stuck));
  CHECK(poll(pool, running) == Status::kOk);
  CHECK(target.total() == 11);
  CHECK(pool.stats().threads == 0);
  for (const Handle job : queued)
    CHECK(pool.close(1, job) == Status::kOk);
  CHECK(pool.close(1, running) == Status::kOk);
  CHECK(pool.count(1) == 0);
}

TEST_CASE("a shutdown does not wait for the keep-alive of idle threads") {
  CountingTarget target;
  Probe held;
  BlockingPoolOptions options = pool_options(8);
  options.keep_alive_ns = kNever;
  BlockingPool pool(target, options);
  for (int i = 0; i < 8; ++i)
    REQUIRE_FALSE(submit(pool, held.held()).is_null());
  REQUIRE(eventually([&] { return held.started() == 8; }));
  held.open();
  REQUIRE(eventually([&] { return pool.stats().idle == 8; }));
  CHECK(pool.shutdown(in_ms(30'000)));
  CHECK(pool.stats().threads == 0);
}

TEST_CASE("one owner's stuck job does not keep another owner from going") {
  CountingTarget target;
  Probe stuck;
  Probe probe;
  BlockingPool pool(target, pool_options(1));
  REQUIRE_FALSE(submit(pool, stuck.held(), 1).is_null());
  REQUIRE(eventually([&] { return stuck.started() == 1; }));
  for (int i = 0; i < 5; ++i)
    REQUIRE_FALSE(submit(pool, probe.quick(), 2).is_null());
  CHECK(pool.cancel_all(2) == 0);
  CHECK(pool.count(2) == 0);
  CHECK(probe.dropped() == 5);
  stuck.open();
}
