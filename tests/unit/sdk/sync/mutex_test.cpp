#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

TEST_CASE("a mutex is locked, unlocked and locked again", "[sdk][sync][mutex]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Mutex<int> mutex(100);
    for (int i = 0; i < 3; ++i) {
      auto held = co_await mutex.lock();
      require(*held == 100 - i, "another value");
      --*held;
    }
    Mutex<std::string> text(3u, 'x');
    require((co_await text.lock())->size() == 3, "not made of its arguments");
    Mutex plain;
    auto held = co_await plain.lock();
    require(!plain.try_lock(), "it is locked twice");
  });
}

TEST_CASE("a lock goes to those who wait, in the order of coming", "[sdk][sync][mutex]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Mutex<Order> mutex;
    auto waits = [&](int name) -> Task<> {
      auto held = co_await mutex.lock();
      co_await yield();
      held->push_back(name);
    };
    auto first = [&]() -> Task<> {
      auto held = co_await mutex.lock();
      co_await turns();
      require(held->empty(), "somebody got in");
    };
    co_await join_all(first(), waits(1), waits(2), waits(3));
    auto order = co_await mutex.lock();
    require(*order == Order{1, 2, 3}, "another order");
  });
}

TEST_CASE("try_lock does not overtake those who wait", "[sdk][sync][mutex]") {
  World world(GENERATE(1u, 4u));
  world.run([]() -> Task<> {
    Mutex<int> mutex(0);
    auto holds = [&]() -> Task<> {
      auto held = co_await mutex.lock();
      co_await turns();
      held.unlock();
      // It has been given to the other, who has not gone on yet.
      require(!held && !mutex.try_lock(), "the newcomer has overtaken");
    };
    auto waits = [&]() -> Task<> { *co_await mutex.lock() = 1; };
    co_await join_all(holds(), waits());
    auto held = mutex.try_lock();
    require(held && **held == 1, "it stayed locked");
    require(!mutex.try_lock(), "it is locked twice");
  });
}

TEST_CASE("a lock is unlocked where its holder is cut off, and a wait for it is forgotten",
          "[sdk][sync][mutex]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Mutex<> mutex;
    auto keeps = [&]() -> Task<> {
      auto held = co_await mutex.lock();
      co_await sleep(1h);
    };
    require(!co_await timeout(1ms, keeps()), "it ended");
    {
      auto held = mutex.try_lock();
      require(held.has_value(), "the lock is lost");
      require(!co_await timeout(1ms, mutex.lock()), "it was locked");
    }
    require((co_await timeout(1h, mutex.lock())).has_value(), "the lock is lost");
  });
}

TEST_CASE("a guard may be given away and unlocks once", "[sdk][sync][mutex]") {
  World world(2);
  world.run([]() -> Task<> {
    Mutex<int> mutex(1);
    auto held = co_await mutex.lock();
    auto handle = spawn([mine = std::move(held)]() mutable -> Task<> {
      *mine = 2;
      mine.unlock();
      mine.unlock();
      co_return;
    });
    co_await handle;
    auto again = co_await mutex.lock();
    require(*again == 2, "the other task had another value");
    auto& same = again;
    again = std::move(same);
    require(static_cast<bool>(again), "moving it to itself has lost it");
  });
}

TEST_CASE("many tasks on one mutex lose no update", "[sdk][sync][mutex]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  constexpr int kTasks = 50;
  constexpr int kRounds = 200;
  world.run([]() -> Task<> {
    Mutex<int> mutex(0);
    std::vector<JoinHandle<>> tasks;
    for (int i = 0; i < kTasks; ++i) {
      tasks.push_back(spawn([&mutex, i]() -> Task<> {
        for (int round = 0; round < kRounds; ++round) {
          auto held = co_await mutex.lock();
          const int before = *held;
          if ((round + i) % 16 == 0) co_await yield();
          *held = before + 1;
        }
      }));
    }
    for (auto& task : tasks)
      co_await task;
    require(*co_await mutex.lock() == kTasks * kRounds, "updates are lost");
  });
}

}  // namespace ekiden::test
