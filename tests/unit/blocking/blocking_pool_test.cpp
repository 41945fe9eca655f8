// Jobs as their owners see them.
#include "runtime/blocking/blocking_pool.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/task/presence.hpp"
#include "tests/unit/blocking/pool_fixture.hpp"

using namespace ekiden::runtime;
using namespace ekiden::runtime::test;

namespace {

// One thread, which a held job occupies, so that what follows stays queued.
struct BusyPool {
  explicit BusyPool(std::size_t queue_capacity = 4096)
      : pool(target, pool_options(1, queue_capacity)), blocker_job(submit(pool, blocker.held())) {
    ready = eventually([&] { return blocker.started() == 1; });
  }
  ~BusyPool() { blocker.open(); }

  CountingTarget target;
  Probe blocker;
  Probe probe;
  BlockingPool pool;
  Handle blocker_job;
  bool ready = false;
};

}  // namespace

TEST_CASE("a job's result is there when its task is woken, and stays until it is closed") {
  CountingTarget target;
  Probe probe;
  BlockingPool pool(target, pool_options(2));
  const Handle job = submit(pool, probe.held());
  REQUIRE(job.kind() == HandleKind::kJob);
  std::int32_t result = 0;
  CHECK(pool.poll(1, job, task_waker(1), result, nullptr) == Status::kPending);
  CHECK(pool.poll(1, job, task_waker(2), result, nullptr) == Status::kPending);
  CHECK(pool.count(1) == 1);
  probe.open();
  REQUIRE(eventually([&] { return target.total() == 1; }));
  CHECK(pool.poll(1, job, task_waker(1), result, nullptr) == Status::kOk);
  CHECK(result == Probe::kResult);
  CHECK(pool.poll(1, job, task_waker(1), result, nullptr) == Status::kOk);
  CHECK(pool.count(1) == 1);
  CHECK(pool.close(1, job) == Status::kOk);
  CHECK(pool.count(1) == 0);
  CHECK(pool.poll(1, job, task_waker(1), result, nullptr) == Status::kStale);
  CHECK(pool.close(1, job) == Status::kStale);
  CHECK(probe.dropped() == 0);
  CHECK(target.total() == 1);
}

TEST_CASE("an exception ends its job only, and its text reaches the owner") {
  CountingTarget target;
  BlockingPool pool(target, pool_options(1));
  const Job thrower{[](void*) -> std::int32_t { throw std::runtime_error("disk on fire"); },
                    nullptr, nullptr};
  const Handle failing = submit(pool, thrower);
  Probe probe;
  const Handle next = submit(pool, probe.quick());
  REQUIRE(eventually([&] { return poll(pool, next) == Status::kOk; }));
  std::int32_t result = 0;
  std::string text;
  CHECK(pool.poll(1, failing, task_waker(1), result, &text) == Status::kFailed);
  CHECK(text == "disk on fire");
  CHECK(pool.poll(1, failing, task_waker(1), result, nullptr) == Status::kFailed);
  CHECK(pool.stats().failed == 1);
  CHECK(pool.stats().completed == 2);
  CHECK(pool.close(1, failing) == Status::kOk);
  CHECK(pool.close(1, next) == Status::kOk);
}

TEST_CASE("handles and jobs that are wrong are refused by name") {
  BusyPool busy;
  REQUIRE(busy.ready);
  struct Row {
    const char* what;
    OwnerId owner;
    Handle handle;
    Status expected;
  };
  const Handle job = busy.blocker_job;
  const std::vector<Row> rows = {
      {"null", 1, Handle(), Status::kInvalid},
      {"a timer", 1, Handle(HandleKind::kTimer, job.index(), 1), Status::kInvalid},
      {"never made", 1, Handle(HandleKind::kJob, Handle::kIndexMask, 1), Status::kStale},
      {"to come", 1, Handle(HandleKind::kJob, job.index(), 77), Status::kStale},
      {"somebody else's", 2, job, Status::kForeign},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(poll(busy.pool, row.handle, row.owner) == row.expected);
    CHECK(busy.pool.close(row.owner, row.handle) == row.expected);
  }
  Handle none;
  CHECK(busy.pool.submit(1, Job{}, none) == Status::kInvalid);
  CHECK(busy.pool.submit(kMaxOwners, busy.probe.quick(), none) == Status::kInvalid);
  CHECK(none.is_null());
}

TEST_CASE("a full queue refuses, and the job stays the caller's") {
  BusyPool busy(3);
  REQUIRE(busy.ready);
  for (int i = 0; i < 3; ++i)
    REQUIRE_FALSE(submit(busy.pool, busy.probe.quick()).is_null());
  Handle refused;
  CHECK(busy.pool.submit(1, busy.probe.quick(), refused) == Status::kFull);
  CHECK(refused.is_null());
  const BlockingPool::Stats stats = busy.pool.stats();
  CHECK(stats.queued == 3);
  CHECK(stats.queued_high_water == 3);
  CHECK(stats.queue_capacity == 3);
  CHECK(stats.refused == 1);
  CHECK(stats.submitted == 4);
  busy.blocker.open();
  REQUIRE(eventually([&] { return busy.probe.ended() == 3; }));
  CHECK_FALSE(submit(busy.pool, busy.probe.quick()).is_null());
  REQUIRE(eventually([&] { return busy.probe.ended() == 4; }));
  CHECK(busy.probe.dropped() == 0);
}

TEST_CASE("one thread runs jobs in the order in which they came") {
  BusyPool busy;
  REQUIRE(busy.ready);
  struct Step {
    std::vector<int>* order;
    int number;
  };
  std::vector<int> order;
  std::vector<Step> steps;
  for (int i = 0; i < 20; ++i)
    steps.push_back({&order, i});
  const auto note = [](void* argument) -> std::int32_t {
    const Step& step = *static_cast<Step*>(argument);
    step.order->push_back(step.number);
    return 0;
  };
  std::vector<Handle> jobs;
  for (Step& step : steps)
    jobs.push_back(submit(busy.pool, Job{note, nullptr, &step}));
  busy.blocker.open();
  REQUIRE(eventually([&] { return poll(busy.pool, jobs.back()) == Status::kOk; }));
  REQUIRE(order.size() == 20);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("closing a queued job drops it at once and takes it out") {
  BusyPool busy;
  REQUIRE(busy.ready);
  const Handle first = submit(busy.pool, busy.probe.quick());
  const Handle second = submit(busy.pool, busy.probe.quick());
  CHECK(poll(busy.pool, first) == Status::kPending);
  CHECK(busy.pool.close(1, first) == Status::kOk);
  CHECK(busy.probe.dropped() == 1);
  CHECK(poll(busy.pool, first) == Status::kStale);
  CHECK(busy.pool.count(1) == 2);
  CHECK(busy.pool.stats().queued == 1);
  busy.blocker.open();
  REQUIRE(eventually([&] { return poll(busy.pool, second) == Status::kOk; }));
  CHECK(busy.probe.started() == 1);
  CHECK(busy.probe.dropped() == 1);
  CHECK(busy.pool.stats().dropped == 1);
}

TEST_CASE("closing a running job lets it end and throws its result away") {
  BusyPool busy;
  REQUIRE(busy.ready);
  CHECK(poll(busy.pool, busy.blocker_job) == Status::kPending);
  CHECK(busy.pool.close(1, busy.blocker_job) == Status::kOk);
  CHECK(busy.pool.close(1, busy.blocker_job) == Status::kStale);
  CHECK(busy.pool.count(1) == 1);
  busy.blocker.open();
  REQUIRE(eventually([&] { return busy.pool.count(1) == 0; }));
  CHECK(busy.blocker.ended() == 1);
  CHECK(busy.blocker.dropped() == 0);
  CHECK(busy.target.total() == 0);  // whoever closed it does not wait for it
}

TEST_CASE("an unload takes out an owner's jobs and waits for nobody else's") {
  BusyPool busy;
  REQUIRE(busy.ready);
  std::vector<Handle> mine;
  for (int i = 0; i < 10; ++i)
    mine.push_back(submit(busy.pool, busy.probe.quick(), 2));
  const Handle other = submit(busy.pool, busy.probe.quick(), 3);
  CHECK(poll(busy.pool, mine[0], 2) == Status::kPending);
  CHECK(busy.pool.count(2) == 10);

  CHECK(busy.pool.cancel_all(2) == 0);
  CHECK(busy.pool.count(2) == 0);
  CHECK(busy.probe.dropped() == 10);
  CHECK(busy.target.total() == 1);
  CHECK(poll(busy.pool, mine[0], 2) == Status::kStale);
  CHECK(poll(busy.pool, other, 3) == Status::kPending);

  CHECK(busy.pool.cancel_all(1) == 1);
  CHECK(busy.pool.count(1) == 1);
  busy.blocker.open();
  REQUIRE(eventually([&] { return busy.pool.count(1) == 0; }));
  CHECK_FALSE(presence::anyone_in(1));
  REQUIRE(eventually([&] { return poll(busy.pool, other, 3) == Status::kOk; }));
  CHECK(busy.pool.cancel_all(3) == 0);
  CHECK(busy.pool.count(3) == 0);
  CHECK(busy.pool.cancel_all(kMaxOwners) == 0);
}

TEST_CASE("what runs can be named, with its owner and since when") {
  CountingTarget target;
  ManualClock clock(5 * kNanosPerSecond);
  Probe probe;
  BlockingPoolOptions options = pool_options(4);
  options.clock = &clock;
  BlockingPool pool(target, options);
  const Handle job = submit(pool, probe.held(), 9);
  REQUIRE(eventually([&] { return probe.started() == 1; }));
  clock.advance(kNanosPerSecond);
  const Handle later = submit(pool, probe.held(), 8);
  REQUIRE(eventually([&] { return probe.started() == 2; }));

  REQUIRE(pool.running().size() == 2);
  const std::vector<RunningJob> mine = pool.running(9);
  REQUIRE(mine.size() == 1);
  CHECK(mine[0].job == job);
  CHECK(mine[0].owner == 9);
  CHECK(mine[0].since_ns == 5 * kNanosPerSecond);
  CHECK(mine[0].thread_id > 0);
  REQUIRE(pool.running(8).size() == 1);
  CHECK(pool.running(8)[0].job == later);
  CHECK(pool.running(8)[0].since_ns == 6 * kNanosPerSecond);
  CHECK(pool.running(7).empty());
  probe.open();
  REQUIRE(eventually([&] { return pool.running().empty(); }));
}
