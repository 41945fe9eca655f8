#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

Task<int> value(int x) { co_return x; }
Task<int> failing() {
  throw std::runtime_error("no luck");
  co_return 0;
}
Task<> never() { co_await sleep(std::chrono::hours(24)); }

}  // namespace

TEST_CASE("a task gives its value to whoever awaits it", "[sdk][task]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  CHECK(world.run([]() -> Task<int> { co_return co_await value(20) + co_await value(22); }) == 42);
  CHECK(world.run([]() -> Task<std::string> { co_return "text"; }) == "text");
  std::unique_ptr<int> moved =
      world.run([]() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
  CHECK(*moved == 7);
}

TEST_CASE("a task may give a reference", "[sdk][task]") {
  World world;
  static int x = 1;
  int* const at = world.run([]() -> Task<int*> {
    int& r = co_await []() -> Task<int&> { co_return x; }();
    co_return &r;
  });
  CHECK(at == &x);
}

TEST_CASE("an exception comes out of the await", "[sdk][task]") {
  World world;
  CHECK_THROWS_WITH(world.run(failing()), "no luck");
  CHECK(world.run([]() -> Task<int> {
    try {
      co_return co_await failing();
    } catch (const std::runtime_error&) {
      co_return -1;
    }
  }) == -1);
}

TEST_CASE("a task is awaited once", "[sdk][task]") {
  World world;
  CHECK_THROWS_AS(world.run([]() -> Task<> {
    Task<int> task = value(1);
    co_await task;
    co_await task;
  }),
                  Error);
}

TEST_CASE("a spawned task is joined, with what it returns or throws", "[sdk][spawn]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    for (int i = 0; i < 200; ++i) {
      JoinHandle<int> handle = spawn(value(i));
      if (co_await handle != i) throw std::logic_error("another value");
      auto made = spawn([i] { return value(i); });
      if (co_await made != i) throw std::logic_error("another value of a made one");
    }
  });
  CHECK_THROWS_WITH(world.run([]() -> Task<int> { co_return co_await spawn(failing()); }),
                    "no luck");
  CHECK(world.all_gone());
}

TEST_CASE("what a callable captured lives as long as its task", "[sdk][spawn]") {
  World world(GENERATE(1u, 4u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      auto handle =
          spawn([here = Alive(alive), text = std::string(100, 'x')]() -> Task<std::size_t> {
            co_await yield();
            co_return text.size();
          });
      if (co_await handle != 100) throw std::logic_error("a capture has gone");
    }
  });
  CHECK(eventually([&] { return alive.load() == 0; }));
}

TEST_CASE("joining twice is an error that says so", "[sdk][spawn]") {
  World world;
  CHECK_THROWS_WITH(world.run([]() -> Task<> {
    auto handle = spawn(value(1));
    co_await handle;
    co_await handle;
  }),
                    Catch::Contains("joined or detached already"));
}

TEST_CASE("an aborted task ends where it waits, and its joiner hears of it", "[sdk][spawn]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> alive{0};
  CHECK_THROWS_AS(world.run([&]() -> Task<> {
    auto handle = spawn([&alive]() -> Task<> {
      const Alive here(alive);
      co_await never();
    });
    while (alive.load() == 0)
      co_await yield();
    handle.abort();
    co_await handle;
  }),
                  Cancelled);
  CHECK(alive.load() == 0);
  CHECK(world.all_gone());
}

TEST_CASE("a detached task runs on", "[sdk][spawn]") {
  World world;
  std::atomic<bool> done{false};
  world.run([&]() -> Task<> {
    spawn([&done]() -> Task<> {
      co_await sleep(5ms);
      done = true;
    }).detach();
    co_return;
  });
  CHECK(eventually([&] { return done.load(); }));
}

TEST_CASE("a handle can be awaited again after a timeout", "[sdk][spawn][time]") {
  World world(GENERATE(1u, 2u));
  CHECK(world.run([]() -> Task<int> {
    auto handle = spawn([]() -> Task<int> {
      co_await sleep(30ms);
      co_return 5;
    });
    while (true)
      if (auto early = co_await timeout(1ms, handle.wait())) co_return *early;
  }) == 5);
}

TEST_CASE("a race is won by the first, and the others are gone", "[sdk][race]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> alive{0};
  const std::size_t winner = world.run([&]() -> Task<std::size_t> {
    auto slow = [&]() -> Task<int> {
      const Alive here(alive);
      co_await never();
      co_return 1;
    };
    auto first = co_await race(slow(), sleep(2ms), slow());
    if (alive.load() != 0) throw std::logic_error("a loser is still there");
    co_return first.index();
  });
  CHECK(winner == 1);
}

TEST_CASE("a race whose first part has something at once does not begin the others",
          "[sdk][race]") {
  World world;
  std::atomic<int> begun{0};
  world.run([&]() -> Task<> {
    auto other = [&]() -> Task<> {
      ++begun;
      co_return;
    };
    auto first = co_await race(value(3), other());
    if (std::get<0>(first) != 3) throw std::logic_error("another value");
  });
  CHECK(begun.load() == 0);
}

TEST_CASE("join_all gives all values, or the first exception", "[sdk][race]") {
  World world(GENERATE(1u, 4u));
  std::atomic<int> alive{0};
  CHECK(world.run([]() -> Task<int> {
    auto [a, b] = co_await join_all(value(1), value(2));
    std::vector<Task<int>> many;
    for (int i = 0; i < 10; ++i)
      many.push_back(value(i));
    int sum = a + b;
    for (int x : co_await join_all(std::move(many)))
      sum += x;
    co_return sum;
  }) == 48);
  CHECK_THROWS_WITH(world.run([&]() -> Task<> {
    auto waits = [&]() -> Task<> {
      const Alive here(alive);
      co_await never();
    };
    co_await join_all(waits(), failing(), waits());
  }),
                    "no luck");
  CHECK(alive.load() == 0);
}

TEST_CASE("a timeout ends what takes longer, and leaves alone what does not", "[sdk][time]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto waits = [&]() -> Task<> {
      const Alive here(alive);
      co_await never();
    };
    if (co_await timeout(1ms, waits())) throw std::logic_error("it ended");
    if (alive.load() != 0) throw std::logic_error("it is still there");
    auto quick = co_await timeout(1h, value(4));
    if (!quick || *quick != 4) throw std::logic_error("the value is lost");
  });
}

TEST_CASE("an interval ticks a period apart, by its rule for missed ticks", "[sdk][time]") {
  World world;
  world.run([]() -> Task<> {
    Interval burst(10ms);
    const TimePoint first = co_await burst.tick();
    co_await sleep(35ms);
    for (int i = 1; i <= 3; ++i)
      if (co_await burst.tick() != first + i * 10ms) throw std::logic_error("a tick is missing");

    Interval skip(10ms, MissedTicks::kSkip);
    const TimePoint begin = co_await skip.tick();
    co_await sleep(35ms);
    co_await skip.tick();
    const TimePoint after = co_await skip.tick();
    if ((after - begin) % 10ms != 0ns || after - begin < 40ms)
      throw std::logic_error("off its grid");

    Interval delay(10ms, MissedTicks::kDelay);
    co_await delay.tick();
    co_await sleep(35ms);
    co_await delay.tick();
    const TimePoint late = now();
    if (co_await delay.tick() < late + 5ms) throw std::logic_error("no delay");
  });
  CHECK_THROWS_AS(Interval(0ns), Error);
}

TEST_CASE("a task that is cut at any of its waits leaves nothing", "[sdk][cancel]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto body = [&]() -> Task<> {
      const Alive outer(alive);
      co_await yield();
      auto [a, b] = co_await join_all(value(1), [&]() -> Task<int> {
        const Alive inner(alive);
        co_await yield();
        co_await sleep(1ms);
        co_return 2;
      }());
      co_await timeout(1h, yield());
      if (a + b != 3) throw std::logic_error("another sum");
    };
    unsigned turns = 0;
    while (!co_await cut_after(turns, body())) {
      if (alive.load() != 0) throw std::logic_error("something is left");
      turns = next_turn(turns);
      if (turns > kTurnMax) throw std::logic_error("it never ends");
    }
    if (turns < 3) throw std::logic_error("it was hardly ever cut");
  });
}

}  // namespace ekiden::test
