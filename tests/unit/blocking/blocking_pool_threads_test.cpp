// When the pool starts threads, when they leave, and what happens when they cannot be started.
#include <pthread.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/unit/blocking/pool_fixture.hpp"

using namespace ekiden::runtime;
using namespace ekiden::runtime::test;

namespace {

// Starts so many threads, then fails with EAGAIN, as a process at its limit does.
struct LimitedStarter {
  std::shared_ptr<Atomic<int>> left;

  explicit LimitedStarter(int count) : left(std::make_shared<Atomic<int>>(count)) {}
  int operator()(std::function<void()> body, std::thread& out) const {
    if (left->fetch_sub(1) <= 0) {
      left->fetch_add(1);
      return EAGAIN;
    }
    return start_std_thread(std::move(body), out);
  }
};

}  // namespace

TEST_CASE("no thread is there before the first job, and none more than are needed") {
  CountingTarget target;
  Probe probe;
  BlockingPool pool(target, pool_options(8));
  CHECK(pool.stats().threads == 0);
  for (int round = 1; round <= 20; ++round) {
    REQUIRE_FALSE(submit(pool, probe.quick()).is_null());
    REQUIRE(eventually([&] { return probe.ended() == round && pool.stats().idle == 1; }));
  }
  CHECK(pool.stats().threads == 1);
}

TEST_CASE("jobs that block get a thread each, up to the limit") {
  const unsigned limit = GENERATE(1u, 2u, 5u);
  CountingTarget target;
  Probe probe;
  BlockingPool pool(target, pool_options(limit));
  for (int i = 0; i < 8; ++i)
    REQUIRE_FALSE(submit(pool, probe.held()).is_null());
  REQUIRE(eventually([&] { return probe.started() == static_cast<int>(limit); }));
  CHECK(pool.stats().threads == limit);
  CHECK(pool.stats().queued == 8 - limit);
  probe.open();
  REQUIRE(eventually([&] { return probe.ended() == 8; }));
  REQUIRE(eventually([&] { return pool.stats().idle == limit; }));
}

TEST_CASE("threads leave after the keep-alive and come back when needed") {
  CountingTarget target;
  BlockingPoolOptions options = pool_options(4);
  options.keep_alive_ns = kNanosPerMilli;
  BlockingPool pool(target, options);
  for (int round = 0; round < 3; ++round) {
    Probe held;
    for (int i = 0; i < 4; ++i)
      REQUIRE_FALSE(submit(pool, held.held()).is_null());
    REQUIRE(eventually([&] { return held.started() == 4; }));
    held.open();
    REQUIRE(eventually([&] { return held.ended() == 4 && pool.stats().threads == 0; }));
    CHECK(pool.stats().idle == 0);
  }
  CHECK(pool.stats().completed == 12);
}

TEST_CASE("without any thread the submitter gets the error and keeps the job") {
  CountingTarget target;
  Probe probe;
  const LimitedStarter starter(0);
  BlockingPoolOptions options = pool_options(4);
  options.start_thread = starter;
  BlockingPool pool(target, options);
  Handle job;
  int os_error = 0;
  CHECK(pool.submit(1, probe.quick(), job, &os_error) == Status::kNoMemory);
  CHECK(os_error == EAGAIN);
  CHECK(job.is_null());
  CHECK(pool.count(1) == 0);
  CHECK(pool.stats().queued == 0);
  CHECK(pool.stats().thread_start_failures == 1);
  CHECK(probe.dropped() == 0);

  starter.left->store(1);
  CHECK(pool.submit(1, probe.quick(), job, &os_error) == Status::kOk);
  CHECK(os_error == 0);
  REQUIRE(eventually([&] { return probe.ended() == 1; }));
}

TEST_CASE("with some threads a failed start is counted and the jobs are run by those") {
  CountingTarget target;
  Probe held;
  Probe probe;
  BlockingPoolOptions options = pool_options(8);
  options.start_thread = LimitedStarter(2);
  BlockingPool pool(target, options);
  for (int i = 0; i < 2; ++i)
    REQUIRE_FALSE(submit(pool, held.held()).is_null());
  REQUIRE(eventually([&] { return held.started() == 2; }));
  for (int i = 0; i < 100; ++i)
    REQUIRE_FALSE(submit(pool, probe.quick()).is_null());
  CHECK(pool.stats().threads == 2);
  CHECK(pool.stats().thread_start_failures > 0);
  CHECK(pool.stats().queued == 100);
  held.open();
  REQUIRE(eventually([&] { return probe.ended() == 100; }));
}

TEST_CASE("a job that ends its thread fails, and the queue behind it is served") {
  CountingTarget target;
  Probe probe;
  BlockingPool pool(target, pool_options(1));
  const Job leaver{[](void*) -> std::int32_t { pthread_exit(nullptr); }, nullptr, nullptr};
  for (int round = 1; round <= 10; ++round) {
    const Handle leaving = submit(pool, leaver);
    const Handle next = submit(pool, probe.quick());
    REQUIRE_FALSE(next.is_null());
    REQUIRE(eventually([&] { return probe.ended() == round; }));
    REQUIRE(eventually([&] { return poll(pool, leaving) == Status::kFailed; }));
    CHECK(pool.close(1, leaving) == Status::kOk);
  }
  REQUIRE(eventually([&] { return pool.stats().threads <= 1; }));
}

TEST_CASE(
    "where the last thread goes and none can be had, queued jobs are dropped, not forgotten") {
  CountingTarget target;
  Probe probe;
  BlockingPoolOptions options = pool_options(2);
  options.start_thread = LimitedStarter(1);
  BlockingPool pool(target, options);
  static Atomic<bool> go{false};
  go.store(false);
  const Job leaver{[](void*) -> std::int32_t {
                     while (!go.load())
                       std::this_thread::yield();
                     pthread_exit(nullptr);
                   },
                   nullptr, nullptr};
  const Handle leaving = submit(pool, leaver);
  const Handle queued = submit(pool, probe.quick());
  CHECK(poll(pool, queued) == Status::kPending);
  go.store(true);
  REQUIRE(eventually([&] { return poll(pool, queued) == Status::kCancelled; }));
  CHECK(probe.dropped() == 1);
  CHECK(target.total() == 1);
  CHECK(poll(pool, leaving) == Status::kFailed);
  CHECK(pool.stats().threads == 0);
}

TEST_CASE("pool threads carry the name that they were given") {
  CountingTarget target;
  BlockingPoolOptions options = pool_options(1);
  options.thread_name = "a-name-that-is-longer-than-allowed";
  BlockingPool pool(target, options);
  char name[32] = "";
  const Job job{[](void* argument) -> std::int32_t {
                  return pthread_getname_np(pthread_self(), static_cast<char*>(argument), 32);
                },
                nullptr, name};
  const Handle handle = submit(pool, job);
  REQUIRE(eventually([&] { return poll(pool, handle) == Status::kOk; }));
  CHECK(std::string(name) == "a-name-that-is-");
}
