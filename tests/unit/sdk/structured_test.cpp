// What runs within something else ends before it: groups, forks, clean-up, tokens.
#include <ekiden/sdk/structured/cancel.hpp>
#include <ekiden/sdk/structured/cleanup.hpp>
#include <ekiden/sdk/structured/fork.hpp>
#include <ekiden/sdk/structured/group.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <numeric>
#include <stdexcept>
#include <vector>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

Task<> wait_for_ever(std::atomic<int>& alive) {
  const Alive here(alive);
  co_await sleep(std::chrono::hours(24));
}
Task<> fail_after(Nanoseconds length) {
  co_await sleep(length);
  throw std::runtime_error("a child failed");
}
Task<> count_up(std::atomic<int>& count) {
  co_await yield();
  ++count;
}
Task<long> sum_of_tree(int depth) {
  if (depth == 0) co_return 1;
  long sum = 0;
  for (long part : co_await fork_n<10>([depth](std::size_t) { return sum_of_tree(depth - 1); }))
    sum += part;
  co_return sum;
}
Task<int> fib(int n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await fork([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  co_return a + b;
}

}  // namespace

TEST_CASE("a group ends after its body and all its children", "[sdk][group]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> count{0};
  const int value = world.run([&]() -> Task<int> {
    const int got = co_await with_group([&](TaskGroup& group) -> Task<int> {
      for (int i = 0; i < 100; ++i)
        group.spawn(count_up(count));
      for (int i = 0; i < 100; ++i)
        group.spawn([&count] { return count_up(count); });
      co_return 7;
    });
    require(count.load() == 200, "a child runs yet");
    co_return got;
  });
  CHECK(value == 7);
  CHECK(world.all_gone());
}

TEST_CASE("the first failure of a group cancels the others and comes out", "[sdk][group]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> alive{0};
  SECTION("of a child") {
    CHECK_THROWS_WITH(world.run([&]() -> Task<> {
      co_await with_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 10; ++i)
          group.spawn(wait_for_ever(alive));
        group.spawn(fail_after(1ms));
        co_await wait_for_ever(alive);
      });
    }),
                      "a child failed");
  }
  SECTION("of the body") {
    CHECK_THROWS_WITH(world.run([&]() -> Task<> {
      co_await with_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 10; ++i)
          group.spawn(wait_for_ever(alive));
        co_await sleep(1ms);
        throw std::runtime_error("the body failed");
      });
    }),
                      "the body failed");
  }
  CHECK(alive.load() == 0);
}

TEST_CASE("cancelling who awaits a group is over when its children are gone", "[sdk][group]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto group = [&]() -> Task<> {
      co_await with_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 10; ++i)
          group.spawn(wait_for_ever(alive));
        while (alive.load() < 10)
          co_await yield();
        group.spawn([&]() -> Task<> {
          co_await with_group([&](TaskGroup& inner) -> Task<> {
            inner.spawn(wait_for_ever(alive));
            co_return;
          });
        });
      });
    };
    auto first = co_await race(group(), sleep(20ms));
    require(first.index() == 1, "the group has ended");
    require(alive.load() == 0, "a child is there yet");
  });
  CHECK(world.all_gone());
}

TEST_CASE("an aborted task ends after the children of its groups", "[sdk][group]") {
  World world(GENERATE(1u, 4u));
  std::atomic<int> alive{0};
  std::atomic<bool> outlived{false};
  world.run([&]() -> Task<> {
    auto handle = spawn([&]() -> Task<> {
      struct Look {
        std::atomic<int>& alive;
        std::atomic<bool>& outlived;
        ~Look() { outlived = alive.load() != 0; }
      } const look{alive, outlived};
      co_await with_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 5; ++i)
          group.spawn(wait_for_ever(alive));
        co_return;
      });
    });
    while (alive.load() < 5)
      co_await yield();
    handle.abort();
    auto ended = co_await timeout(10s, [&]() -> Task<> {
      try {
        co_await handle;
      } catch (const Cancelled&) {
      }
    }());
    require(ended, "the abort has no end");
  });
  CHECK_FALSE(outlived.load());
}

TEST_CASE("a bounded group never runs more than its limit", "[sdk][group]") {
  World world(GENERATE(1u, 2u, 8u));
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  world.run([&]() -> Task<> {
    co_await with_group(
        [&](TaskGroup& group) -> Task<> {
          for (int i = 0; i < 200; ++i)
            co_await group.spawn_when_room([&]() -> Task<> {
              const int now = ++running;
              int seen = most.load();
              while (seen < now && !most.compare_exchange_weak(seen, now)) {
              }
              co_await yield();
              --running;
              ++done;
            });
        },
        4);
  });
  CHECK(done.load() == 200);
  CHECK(most.load() <= 4);
  CHECK_THROWS_AS(world.run([&]() -> Task<> {
    std::atomic<int> alive{0};
    co_await with_group(
        [&](TaskGroup& group) -> Task<> {
          group.spawn(wait_for_ever(alive));
          group.spawn(wait_for_ever(alive));
          co_return;
        },
        1);
  }),
                  Error);
}

TEST_CASE("a fork gives the values of all its children", "[sdk][fork]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  CHECK(world.run(fib(15)) == 610);
  CHECK(world.run(sum_of_tree(4)) == 10'000);
  CHECK(world.run([]() -> Task<int> {
    auto values = co_await fork_n(1'000, [](std::size_t i) -> Task<int> {
      if (i % 7 == 0) co_await yield();
      co_return static_cast<int>(i);
    });
    co_return std::accumulate(values.begin(), values.end(), 0);
  }) == 499'500);
  CHECK(world.all_gone());
}

TEST_CASE("a fork beside an open group waits for its own children only", "[sdk][fork][group]") {
  World world(GENERATE(1u, 2u, 4u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto within = [&]() -> Task<> {
      co_await with_group([&](TaskGroup& group) -> Task<> {
        group.spawn(wait_for_ever(alive));
        require(co_await fib(10) == 55, "another sum");
        group.cancel();
      });
    };
    require(co_await timeout(20s, within()), "the fork waits for the group");
  });
}

TEST_CASE("a fork runs itself what the queues refuse", "[sdk][fork]") {
  runtime::Options options = daemon::test::Daemon::options(GENERATE(1u, 2u));
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 4;
  World world(options);
  CHECK(world.run([]() -> Task<int> {
    auto values = co_await fork_n(100, [](std::size_t i) -> Task<int> {
      if (i % 3 == 0) co_await yield();
      co_return static_cast<int>(i);
    });
    co_return std::accumulate(values.begin(), values.end(), 0);
  }) == 4'950);
}

TEST_CASE("the failure of a forked child cancels the others", "[sdk][fork]") {
  World world(GENERATE(1u, 2u, 4u));
  std::atomic<int> alive{0};
  CHECK_THROWS_WITH(world.run([&]() -> Task<> {
    co_await fork_n(20, [&](std::size_t i) -> Task<> {
      return i == 7 ? fail_after(1ms) : wait_for_ever(alive);
    });
  }),
                    "a child failed");
  CHECK(alive.load() == 0);
  world.run([&]() -> Task<> {
    auto forked = [&]() -> Task<> {
      co_await fork_n(20, [&](std::size_t) { return wait_for_ever(alive); });
    };
    require(!co_await timeout(5ms, forked()), "it has ended");
    require(alive.load() == 0, "a child is there yet");
  });
}

TEST_CASE("a clean-up runs to its end, however its body ended", "[sdk][cleanup]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> alive{0};
  std::atomic<int> cleaned{0};
  auto clean = [&]() -> Task<> {
    co_await sleep(2ms);
    ++cleaned;
  };
  SECTION("with a value") {
    CHECK(world.run([&]() -> Task<int> {
      co_return co_await with_cleanup([]() -> Task<int> { co_return 3; }(), clean);
    }) == 3);
  }
  SECTION("with an exception") {
    CHECK_THROWS_WITH(world.run([&]() -> Task<> { co_await with_cleanup(fail_after(1ms), clean); }),
                      "a child failed");
  }
  SECTION("cancelled within its task") {
    world.run([&]() -> Task<> {
      auto body = [&]() -> Task<> { co_await with_cleanup(wait_for_ever(alive), clean); };
      require(!co_await timeout(1ms, body()), "it has ended");
      require(cleaned.load() == 1, "the await did not wait for the clean-up");
    });
  }
  SECTION("aborted") {
    world.run([&]() -> Task<> {
      auto handle = spawn([&]() -> Task<> { co_await with_cleanup(wait_for_ever(alive), clean); });
      while (alive.load() == 0)
        co_await yield();
      handle.abort();
      try {
        co_await handle;
        throw std::logic_error("not cancelled");
      } catch (const Cancelled&) {
      }
    });
  }
  CHECK(cleaned.load() == 1);
  CHECK(alive.load() == 0);
}

TEST_CASE("clean-ups of one another run innermost first", "[sdk][cleanup]") {
  World world;
  std::vector<int> order;
  world.run([&]() -> Task<> {
    auto note = [&](int which) {
      return [&order, which]() -> Task<> {
        co_await yield();
        order.push_back(which);
      };
    };
    auto inner = [&]() -> Task<> { co_await with_cleanup(sleep(1h), note(1)); };
    auto outer = [&]() -> Task<> { co_await with_cleanup(inner(), note(2)); };
    require(!co_await timeout(1ms, outer()), "it has ended");
  });
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("tokens are cancelled down the tree, and not up", "[sdk][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  CancelSource root;
  CancelSource left(root.token());
  CancelSource right(root.token());
  CancelSource leaf(left.token());
  left.cancel();
  CHECK(leaf.is_cancelled());
  CHECK_FALSE(root.is_cancelled());
  CHECK_FALSE(right.is_cancelled());
  std::atomic<int> alive{0};
  std::atomic<int> ended{0};
  world.run([&]() -> Task<> {
    co_await with_group([&](TaskGroup& group) -> Task<> {
      for (int i = 0; i < 20; ++i)
        group.spawn([&]() -> Task<> {
          if (!co_await right.token().run(wait_for_ever(alive))) ++ended;
        });
      for (int i = 0; i < 20; ++i)
        group.spawn([&]() -> Task<> {
          co_await root.token().cancelled();
          ++ended;
        });
      while (alive.load() < 20)
        co_await yield();
      root.cancel();
    });
    require(!co_await root.token().run(sleep(0ns)), "it ran under a cancelled token");
  });
  CHECK(ended.load() == 40);
  CHECK(alive.load() == 0);
  CHECK(CancelSource(root.token()).is_cancelled());
}

}  // namespace ekiden::test
