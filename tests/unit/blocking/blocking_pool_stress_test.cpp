// Many threads at one pool: every job is run or dropped exactly once, whatever happens around it.
#include <pthread.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/task/presence.hpp"
#include "tests/unit/blocking/pool_fixture.hpp"

using namespace ekiden::runtime;
using namespace ekiden::runtime::test;

namespace {

// One job: counts its own runs and drops.
struct Ticket {
  Atomic<int> runs{0};
  Atomic<int> drops{0};

  static std::int32_t run(void* argument) {
    static_cast<Ticket*>(argument)->runs.fetch_add(1);
    return 0;
  }
  static std::int32_t run_and_throw(void* argument) {
    static_cast<Ticket*>(argument)->runs.fetch_add(1);
    throw std::runtime_error("on purpose");
  }
  static std::int32_t run_and_leave(void* argument) {
    static_cast<Ticket*>(argument)->runs.fetch_add(1);
    pthread_exit(nullptr);
  }
  static void drop(void* argument) { static_cast<Ticket*>(argument)->drops.fetch_add(1); }
};

BlockingPoolOptions restless_options(unsigned threads_max) {
  BlockingPoolOptions options = pool_options(threads_max, 64);
  options.keep_alive_ns = 50 * kNanosPerMicro;  // threads come and go all the time
  return options;
}

// Fails every third time.
ThreadStarter flaky_starter() {
  return [calls = 0](std::function<void()> body, std::thread& out) mutable {
    return ++calls % 3 == 0 ? EAGAIN : start_std_thread(std::move(body), out);
  };
}

struct Kind {
  std::int32_t (*run)(void*);
  Status ends_as;
};
const Kind kKinds[] = {{Ticket::run, Status::kOk},
                       {Ticket::run_and_throw, Status::kFailed},
                       {Ticket::run_and_leave, Status::kFailed}};

Status wait_for(BlockingPool& pool, OwnerId owner, Handle job) {
  for (;;) {
    const Status status = poll(pool, job, owner);
    if (status != Status::kPending) return status;
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("every accepted job is run or dropped exactly once") {
  const unsigned threads = GENERATE(1u, 2u, 4u, 8u);
  const bool flaky = GENERATE(false, true);
  constexpr int kJobs = 5000;
  CountingTarget target;
  Atomic<int> wrong{0};
  std::vector<std::vector<Ticket>> tickets(threads);
  std::vector<Atomic<int>> accepted(threads);
  {
    BlockingPoolOptions options = restless_options(threads);
    if (flaky) options.start_thread = flaky_starter();
    BlockingPool pool(target, options);
    std::vector<std::thread> submitters;
    for (unsigned me = 0; me < threads; ++me) {
      tickets[me] = std::vector<Ticket>(kJobs);
      submitters.emplace_back([&, me] {
        std::mt19937 random(me);
        const OwnerId owner = me + 1;
        for (Ticket& ticket : tickets[me]) {
          const unsigned dice = random() % 64;
          const Kind& kind = kKinds[dice == 0 ? 2 : dice < 5 ? 1 : 0];
          Handle handle;
          if (pool.submit(owner, Job{kind.run, Ticket::drop, &ticket}, handle) != Status::kOk) {
            continue;
          }
          accepted[me].fetch_add(1);
          const unsigned choice = random() % 4;
          if (choice == 0) continue;  // left to cancel_all
          if (choice == 1) {
            // Where the last thread left and none could be started, queued jobs are cancelled.
            const Status status = wait_for(pool, owner, handle);
            const bool allowed = status == kind.ends_as || (flaky && status == Status::kCancelled);
            if (!allowed) wrong.fetch_add(1);
          }
          if (pool.close(owner, handle) != Status::kOk) wrong.fetch_add(1);
        }
        pool.cancel_all(owner);
        while (pool.count(owner) != 0)
          std::this_thread::yield();
        if (presence::anyone_in(owner)) wrong.fetch_add(1);
      });
    }
    for (std::thread& thread : submitters)
      thread.join();
  }
  CHECK(wrong.load() == 0);
  for (unsigned me = 0; me < threads; ++me) {
    int handled = 0;
    for (const Ticket& ticket : tickets[me]) {
      const int times = ticket.runs.load() + ticket.drops.load();
      REQUIRE(times <= 1);
      handled += times;
    }
    CHECK(handled == accepted[me].load());
  }
}

TEST_CASE("a shutdown in the middle leaves no job behind") {
  const unsigned threads = GENERATE(1u, 3u);
  for (int round = 0; round < 30; ++round) {
    CountingTarget target;
    Atomic<int> accepted{0};
    std::vector<Ticket> tickets(2000);
    BlockingPool pool(target, restless_options(threads));
    std::thread submitter([&] {
      for (Ticket& ticket : tickets) {
        Handle handle;
        const Status status = pool.submit(1, Job{Ticket::run, Ticket::drop, &ticket}, handle);
        if (status == Status::kOk) accepted.fetch_add(1);
        if (status == Status::kDraining) break;
      }
    });
    const int goal = round * 20;
    while (accepted.load() < goal && pool.stats().refused == 0)
      std::this_thread::yield();
    REQUIRE(pool.shutdown(kNever));
    submitter.join();
    int handled = 0;
    for (const Ticket& ticket : tickets)
      handled += ticket.runs.load() + ticket.drops.load();
    CHECK(handled == accepted.load());
    CHECK(pool.count(1) == static_cast<std::size_t>(accepted.load()));
    CHECK(pool.cancel_all(1) == 0);
    CHECK(pool.count(1) == 0);
  }
}

TEST_CASE("who is told to wait is woken") {
  CountingTarget target;
  BlockingPool pool(target, restless_options(3));
  Probe probe;
  std::size_t expected = 0;
  for (int i = 0; i < 3000; ++i) {
    const Handle job = submit(pool, probe.quick());
    if (job.is_null()) continue;
    if (poll(pool, job) == Status::kPending) {
      ++expected;
      REQUIRE(eventually([&] { return target.total() == expected; }));
    }
    REQUIRE(poll(pool, job) == Status::kOk);
    REQUIRE(pool.close(1, job) == Status::kOk);
  }
}
