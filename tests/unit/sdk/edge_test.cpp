// What goes wrong at the edges: callables that throw, limits, families of children beside one
// another, cancels that meet something half done.
#include <ekiden/sdk/channel/mpmc.hpp>
#include <ekiden/sdk/structured.hpp>
#include <ekiden/sdk/sync/event.hpp>
#include <ekiden/sdk/time.hpp>

#include <array>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}
Task<> never() { co_await sleep(std::chrono::hours(24)); }
Task<> stays(std::atomic<int>& alive) {
  const Alive here(alive);
  co_await never();
}
Task<int> value(int x) { co_return x; }

// Takes its time to go, so that who does not wait for it is seen.
class Slow {
 public:
  explicit Slow(std::atomic<int>& count) : here_(count) {}
  Slow(Slow&& other) noexcept : here_(std::move(other.here_)) { other.moved_ = true; }
  ~Slow() {
    if (!moved_) std::this_thread::sleep_for(2ms);
  }

 private:
  Alive here_;
  bool moved_ = false;
};

// Moves until it is told not to.
struct Brittle {
  explicit Brittle(int moves) : moves_left(moves) {}
  Brittle(Brittle&& other) : moves_left(other.moves_left - 1) {
    if (moves_left < 0) throw std::runtime_error("moved too often");
  }
  int moves_left;
};
Task<Brittle> brittle(int moves) { co_return Brittle(moves); }

}  // namespace

TEST_CASE("the next in line gets the place that a cancelled one was called for", "[sdk][group]") {
  World world(GENERATE(1u, 2u));
  std::atomic<bool> entered{false};
  world.run([&]() -> Task<> {
    co_await with_group(
        [&](TaskGroup& group) -> Task<> {
          Event gate;
          group.spawn([&gate]() -> Task<> { co_await gate.wait(); });
          auto enter = [&](std::atomic<bool>* done) {
            return spawn([&group, done]() -> Task<> {
              co_await group.spawn_when_room([]() -> Task<> { co_return; });
              if (done != nullptr) *done = true;
            });
          };
          auto first = enter(nullptr);
          co_await sleep(1ms);
          auto second = enter(&entered);
          co_await sleep(1ms);
          // The place comes and the first is aborted in one breath: on one worker the wake meets
          // the abort.
          gate.set();
          while (group.size() != 0)
            co_await yield();
          first.abort();
          require(co_await timeout(kPatience / 3, second.wait()), "the second waits for ever");
        },
        1);
  });
  CHECK(entered.load());
  CHECK(world.all_gone());
}

TEST_CASE("a waiter called for a place hands it on when it is forgotten", "[sdk][group]") {
  World world(1);
  world.run([]() -> Task<> {
    auto state = std::make_shared<detail::GroupState>(this_task::id(), 1u);
    detail::GroupState::Link child;
    detail::GroupState::Link other;
    detail::GroupState::RoomWaiter first;
    detail::GroupState::RoomWaiter second;
    first.waker = second.waker = this_task::id();
    require(state->enter(child, this_task::id(), state, nullptr), "no place");
    require(!state->enter(other, this_task::id(), state, &first), "a place too many");
    require(!state->enter(other, this_task::id(), state, &second), "a place too many");
    detail::GroupState::leave(child, nullptr);
    require(!first.listed && second.listed, "another was called");
    state->forget(first);
    require(!second.listed, "the place is lost");
    co_return;
  });
}

TEST_CASE("what a child of a group captured is gone when the group is over", "[sdk][group]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    for (int i = 0; i < 10; ++i) {
      std::atomic<int> alive{0};
      co_await with_group([&](TaskGroup& group) -> Task<> {
        for (int child = 0; child < 4; ++child) {
          auto make = [here = Slow(alive)]() -> Task<> { co_await yield(); };
          group.spawn(std::move(make));
        }
        co_return;
      });
      require(alive.load() == 0, "a capture outlives the group");
    }
  });
}

TEST_CASE("a group whose body is no coroutine and throws waits for its children", "[sdk][group]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> alive{0};
  CHECK_THROWS_WITH(world.run([&]() -> Task<> {
    co_await with_group([&](TaskGroup& group) -> Task<> {
      for (int i = 0; i < 5; ++i)
        group.spawn([&alive] { return stays(alive); });
      throw std::runtime_error("no body");
    });
  }),
                    "no body");
  CHECK(alive.load() == 0);
  CHECK(world.all_gone());
}

TEST_CASE("a failure ends the body of a group that has been cancelled", "[sdk][group]") {
  World world(GENERATE(1u, 2u));
  CHECK_THROWS_WITH(world.run([]() -> Task<> {
    auto fails = []() -> Task<> {
      co_await with_group([](TaskGroup& group) -> Task<> {
        group.spawn([]() -> Task<> {
          throw std::runtime_error("it failed");
          co_return;
        });
        while (group.size() != 0)
          co_await yield();
        group.cancel();
        co_await never();
      });
    };
    require(co_await timeout(kPatience / 3, fails()), "the body goes on");
  }),
                    "it failed");
}

TEST_CASE("a callable that makes no task is refused", "[sdk][spawn][fork]") {
  World world;
  world.run([]() -> Task<> {
    for (int i = 0; i < 2; ++i) {
      bool refused = false;
      try {
        spawn([] { return Task<int>(); }).detach();
      } catch (const Error& e) {
        refused = e.code() == EKD_E_WRONG_STATE;
      }
      require(refused, "it was spawned");
      refused = false;
      try {
        co_await fork([] { return Task<int>(); }, [] { return value(1); });
      } catch (const Error& e) {
        refused = e.code() == EKD_E_WRONG_STATE;
      }
      require(refused, "it was forked");
    }
  });
  CHECK(world.all_gone());
}

TEST_CASE("what a callable captured is aligned as it asks", "[sdk][spawn]") {
  struct alignas(32) Wide {
    char bytes[32];
  };
  World world;
  world.run([]() -> Task<> {
    const std::size_t kinds[] = {alignof(Wide), 1};
    for (int i = 0; i < 50; ++i) {
      auto make = [wide = Wide{}, of = kinds[0]] {
        return value(static_cast<int>(reinterpret_cast<std::uintptr_t>(&wide) % of));
      };
      require(co_await spawn(std::move(make)) == 0, "it is not");
    }
  });
}

TEST_CASE("a handle that two await goes to one, and the other is told", "[sdk][spawn]") {
  const daemon::test::CapturedStderr captured;
  World world(GENERATE(1u, 2u));
  int got = 0;
  int refused = 0;
  world.run([&]() -> Task<> {
    Event gate;
    auto handle = spawn([&gate]() -> Task<int> {
      co_await gate.wait();
      co_return 1;
    });
    auto joins = [&]() -> Task<> {
      try {
        got += co_await handle;
      } catch (const Error&) {
        ++refused;
      }
    };
    auto opens = [&]() -> Task<> {
      co_await yield();
      gate.set();
    };
    co_await join_all(joins(), joins(), opens());
  });
  CHECK(got == 1);
  CHECK(refused == 1);
}

TEST_CASE("what a callable spawns by the way outlives its own task", "[sdk][spawn]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> told{0};
  world.run([&]() -> Task<> {
    for (int i = 0; i < 20; ++i) {
      auto handle = spawn([&told] {
        spawn_detached([](std::atomic<int>& to) -> Task<> {
          const std::array<int, 16> kept{1};
          co_await sleep(1ms);
          to += kept[0];
        }(told));
        return value(3);
      });
      require(co_await handle == 3, "another value");
    }
  });
  CHECK(eventually([&] { return told.load() == 20; }));
}

TEST_CASE("two forks of one task end each with its own children", "[sdk][fork]") {
  World world(GENERATE(1u, 2u, 4u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto quick = []() -> Task<> {
      co_await fork([] { return value(1); }, [] { return value(2); });
    };
    auto slow = [&]() -> Task<> { co_await fork_n(4, [&](std::size_t) { return stays(alive); }); };
    auto both = [&]() -> Task<> {
      require((co_await race(slow(), quick())).index() == 1, "the other has won");
    };
    require(co_await timeout(kPatience / 3, both()), "a fork waits for another's children");
  });
  CHECK(alive.load() == 0);
}

TEST_CASE("a group that is opened beside a fork does not hold that up", "[sdk][fork][group]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> alive{0};
  world.run([&]() -> Task<> {
    auto forks = []() -> Task<> {
      co_await fork_n(3, [](std::size_t) -> Task<> { co_await sleep(2ms); });
    };
    auto groups = [&]() -> Task<> {
      co_await with_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&alive] { return stays(alive); });
        co_return;
      });
    };
    auto both = [&]() -> Task<> {
      require((co_await race(forks(), groups())).index() == 0, "the group has ended");
    };
    require(co_await timeout(kPatience / 3, both()), "the fork waits for the group");
  });
  CHECK(alive.load() == 0);
}

TEST_CASE("a fork within a child that the parent runs waits for its own", "[sdk][fork]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Event done;
    auto forked = [&]() -> Task<> {
      co_await fork([&]() -> Task<> { co_await done.wait(); },
                    [&]() -> Task<> {
                      co_await fork([] { return value(1); }, [] { return value(2); });
                      done.set();
                    });
    };
    require(co_await timeout(kPatience / 3, forked()), "each waits for the other");
  });
}

TEST_CASE("a fork of too many is an error", "[sdk][fork]") {
  World world;
  CHECK_THROWS(world.run([]() -> Task<> {
    co_await fork_n(std::numeric_limits<std::size_t>::max(), [](std::size_t) { return value(1); });
  }));
  CHECK(world.run([]() -> Task<std::size_t> {
    co_return (co_await fork_n(0, [](std::size_t) { return value(1); })).size();
  }) == 0);
}

TEST_CASE("a value whose move throws fails its task", "[sdk][task]") {
  World world;
  const int moves = GENERATE(1, 2, 3, 4);
  int thrown = 0;
  auto run = [&](Task<> task) {
    try {
      world.run(std::move(task));
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  };
  run([](int n) -> Task<> { co_await spawn(brittle(n)); }(moves));
  run([](int n) -> Task<> {
    co_await fork([n] { return brittle(n); }, [n] { return brittle(n); });
  }(moves));
  CHECK(thrown >= (moves == 1 ? 2 : 0));
  CHECK(world.all_gone());
}

TEST_CASE("a task may give a const value", "[sdk][task]") {
  World world;
  CHECK(world.run([]() -> Task<int> {
    co_return co_await []() -> Task<const int> { co_return 3; }();
  }) == 3);
}

TEST_CASE("a spawn beyond limits.tasks is refused, and what it was to run is gone",
          "[sdk][spawn]") {
  const daemon::test::CapturedStderr captured;
  daemon::test::Daemon daemon(1);
  daemon::test::Plugin plugin(daemon, "sdk_limit", 1);
  bind(plugin.ctx, *daemon.host->table());
  std::atomic<int> alive{0};
  auto handle = spawn(stays(alive));
  for (int i = 0; i < 3; ++i) {
    std::int32_t code = EKD_OK;
    try {
      spawn([here = Alive(alive)] { return never(); }).detach();
    } catch (const Error& e) {
      code = e.code();
    }
    CHECK(code == EKD_E_LIMIT);
  }
  CHECK(eventually([&] { return alive.load() == 1; }));
  handle.abort();
  handle.detach();
  CHECK(eventually([&] { return daemon.runtime.live_tasks(daemon.host->owner(plugin.ctx)) == 0; }));
  CHECK(alive.load() == 0);
  unbind();
}

TEST_CASE("a task that is aborted before its first poll never runs", "[sdk][spawn]") {
  World world(1);
  bool ran = false;
  world.run([&]() -> Task<> {
    auto handle = spawn([&]() -> Task<> {
      ran = true;
      co_return;
    });
    handle.abort();
    bool cancelled = false;
    try {
      co_await handle;
    } catch (const Cancelled&) {
      cancelled = true;
    }
    require(cancelled, "it has ended");
  });
  CHECK_FALSE(ran);
}

TEST_CASE("a clean-up goes on through an abort", "[sdk][cleanup]") {
  World world(GENERATE(1u, 2u));
  std::atomic<int> cleaned{0};
  world.run([&]() -> Task<> {
    Event cleaning;
    auto handle = spawn([&]() -> Task<> {
      co_await with_cleanup(value(1), [&]() -> Task<> {
        cleaning.set();
        co_await sleep(2ms);
        ++cleaned;
      });
    });
    co_await cleaning.wait();
    handle.abort();
    try {
      co_await handle;
    } catch (const Cancelled&) {
    }
  });
  CHECK(cleaned.load() == 1);
}

TEST_CASE("what a clean-up's maker throws comes out of the await", "[sdk][cleanup]") {
  World world;
  CHECK_THROWS_WITH(world.run([]() -> Task<> {
    co_await with_cleanup(value(1), []() -> Task<> { throw std::runtime_error("no clean-up"); });
  }),
                    "no clean-up");
}

TEST_CASE("what is dropped by force leaves nothing", "[sdk][cancel]") {
  std::atomic<int> alive{0};
  {
    World world(GENERATE(1u, 2u));
    auto group = [](std::atomic<int>& count) -> Task<> {
      co_await with_group([&](TaskGroup& inner) -> Task<> {
        inner.spawn([&count] { return stays(count); });
        co_await stays(count);
      });
    };
    auto forks = [](std::atomic<int>& count) -> Task<> {
      co_await fork_n(3, [&](std::size_t) { return stays(count); });
    };
    auto cleans = [](std::atomic<int>& count) -> Task<> {
      co_await with_cleanup(stays(count), [&]() -> Task<> { co_await stays(count); });
    };
    spawn_detached(
        [&]() -> Task<> { co_await join_all(group(alive), forks(alive), cleans(alive)); });
    REQUIRE(eventually([&] { return alive.load() == 6; }));
    const runtime::OwnerId owner = world.daemon().host->owner(world.plugin().ctx);
    CHECK(eventually([&] {
      world.daemon().runtime.owner_cancel_tasks(owner, true);
      return world.tasks() == 0;
    }));
    CHECK(alive.load() == 0);
  }
}

}  // namespace ekiden::test
