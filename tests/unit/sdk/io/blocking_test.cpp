#include <ekiden/sdk/blocking.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// A door that jobs wait at, on their threads. Lives longer than the World, for they hold on to it.
class Door {
 public:
  void open() {
    if (!is_open_.exchange(true)) open_.set_value();
  }
  // For one thread or many.
  void pass() {
    arrived_.fetch_add(1);
    future_.wait();
  }
  int arrived() const { return arrived_.load(); }

 private:
  std::promise<void> open_;
  std::shared_future<void> future_ = open_.get_future().share();
  std::atomic<int> arrived_{0};
  std::atomic<bool> is_open_{false};
};

// Opens it where a check fails too, so that the World can end.
struct OpensAtEnd {
  Door& door;
  ~OpensAtEnd() { door.open(); }
};

runtime::Options one_thread(std::size_t queue) {
  runtime::Options options = daemon::test::Daemon::options(2);
  options.blocking_threads_max = 1;
  options.blocking_queue_capacity = queue;
  return options;
}

}  // namespace

TEST_CASE("blocking gives what the callable returns or throws", "[sdk][blocking]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    const auto here = std::this_thread::get_id();
    for (int i = 0; i < 200; ++i) {
      const auto thread = co_await blocking([] { return std::this_thread::get_id(); });
      require(thread != here, "it ran on a worker");
      require(co_await blocking([i] { return i; }) == i, "another value");
    }
    auto gives = blocking([p = std::make_unique<int>(7)]() mutable { return std::move(p); });
    const auto moved = co_await gives;
    require(*moved == 7, "the value did not move");
    co_await blocking([] {});
    static int x = 1;
    require(&co_await blocking([]() -> int& { return x; }) == &x, "another reference");
    bool thrown = false;
    try {
      co_await blocking([]() -> int { throw std::runtime_error("no luck"); });
    } catch (const std::runtime_error& error) {
      thrown = std::string(error.what()) == "no luck";
    }
    require(thrown, "the exception is lost");
  });
}

TEST_CASE("the captures of a blocking job go when it has run", "[sdk][blocking]") {
  World world;
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto looks = blocking([&alive, here = Alive(alive)] {
      require(alive.load() == 1, "they went too early, or twice");
    });
    co_await looks;
    require(alive.load() == 0, "they are still there");
    {
      const auto never = blocking([here = Alive(alive)] {});
    }
    require(alive.load() == 0, "a job that is not awaited leaks");
  });
}

TEST_CASE("a cancelled blocking job in the queue never runs", "[sdk][blocking][cancel]") {
  Door door;
  std::atomic<int> alive{0};
  std::atomic<int> ran{0};
  World world(one_thread(64));
  const OpensAtEnd at_end{door};
  auto busy = spawn([&]() -> Task<> { co_await blocking([&door] { door.pass(); }); });
  REQUIRE(eventually([&] { return door.arrived() == 1; }));
  world.run([&]() -> Task<> {
    auto job = blocking([&ran, here = Alive(alive)] { ran.fetch_add(1); });
    const bool ended = co_await timeout(1ms, std::move(job));
    require(!ended, "it ran past a full pool");
    require(alive.load() == 0, "its captures are still there");
  });
  door.open();
  world.run([&]() -> Task<> { co_await busy; });
  CHECK(ran.load() == 0);
}

TEST_CASE("a blocking job that runs when it is cancelled goes on", "[sdk][blocking][cancel]") {
  Door door;
  std::atomic<int> alive{0};
  std::atomic<int> results{0};
  World world(GENERATE(1u, 4u));
  const OpensAtEnd at_end{door};
  world.run([&]() -> Task<> {
    auto job = [&door, &results, here = Alive(alive)] {
      door.pass();
      return std::make_unique<Alive>(results);
    };
    auto wait = [&]() -> Task<> { co_await blocking(std::move(job)); };
    auto until_it_runs = [&]() -> Task<> {
      while (door.arrived() == 0)
        co_await sleep(1ms);
    };
    const auto first = co_await race(wait(), until_it_runs());
    require(first.index() == 1, "it ended before its time");
    require(alive.load() == 1, "its captures went while it runs");
  });
  door.open();
  CHECK(eventually([&] { return alive.load() == 0; }));
  CHECK(eventually([&] { return results.load() == 0; }));
}

TEST_CASE("blocking waits for room where the queue is full; try_blocking refuses",
          "[sdk][blocking]") {
  Door door;
  std::atomic<int> alive{0};
  std::atomic<int> ran{0};
  World world(one_thread(1));
  const OpensAtEnd at_end{door};
  auto job = [&]() -> Task<> {
    auto wait = blocking([&door, &ran, here = Alive(alive)] {
      door.pass();
      ran.fetch_add(1);
    });
    co_await wait;
  };
  std::vector<JoinHandle<>> jobs;
  for (int i = 0; i < 10; ++i)
    jobs.push_back(spawn([&] { return job(); }));
  REQUIRE(eventually([&] { return door.arrived() == 1 && alive.load() == 10; }));
  world.run([&]() -> Task<> {
    std::int32_t code = 0;
    for (int tries = 0; code != EKD_E_FULL; ++tries) {
      require(tries < 1000, "the queue does not fill");
      try {
        // Cut short where the queue still had room.
        auto more = try_blocking([here = Alive(alive)] {});
        co_await timeout(1ms, std::move(more));
      } catch (const Error& error) {
        code = error.code();
      }
      co_await sleep(2ms);  // lets those in that have waited for longer
    }
    require(alive.load() == 10, "a refused job is still there");
  });
  door.open();
  world.run([&]() -> Task<> {
    for (auto& handle : jobs)
      co_await handle;
  });
  CHECK(ran.load() == 10);
  CHECK(alive.load() == 0);
}

TEST_CASE("a task that is cut while it waits for blocking jobs destroys each once",
          "[sdk][blocking][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto body = [&]() -> Task<> {
      for (int i = 0; i < 3; ++i) {
        auto job =
            blocking([here = Alive(alive), &alive] { return std::make_unique<Alive>(alive); });
        const auto copy = co_await job;
        require(copy != nullptr, "the result is lost");
      }
      auto last = blocking([here = Alive(alive)] {});
      co_await timeout(1h, std::move(last));
    };
    for (int round = 0; round < 5; ++round) {
      unsigned turn = 0;
      while (!co_await cut_after(turn, body())) {
        turn = next_turn(turn);
        require(turn < kTurnMax, "it never ends");
      }
    }
  });
  CHECK(eventually([&] { return alive.load() == 0; }));
}

TEST_CASE("many tasks share the blocking pool", "[sdk][blocking]") {
  runtime::Options options = daemon::test::Daemon::options(GENERATE(1u, 2u, 4u, 8u));
  options.blocking_threads_max = 3;
  options.blocking_queue_capacity = 4;
  World world(options);
  std::atomic<int> ran{0};
  world.run([&]() -> Task<> {
    std::vector<JoinHandle<int>> handles;
    for (int i = 0; i < 300; ++i) {
      handles.push_back(spawn([&ran, i]() -> Task<int> {
        co_return co_await blocking([&ran, i] {
          ran.fetch_add(1);
          return i;
        });
      }));
    }
    for (int i = 0; i < 300; ++i)
      require(co_await handles[static_cast<std::size_t>(i)] == i, "another value");
  });
  CHECK(ran.load() == 300);
}

}  // namespace ekiden::test
