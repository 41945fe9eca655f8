#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

TEST_CASE("readers share, and a writer is alone", "[sdk][sync][rw_lock]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    RwLock<int> lock(15);
    {
      auto one = co_await lock.read();
      auto two = lock.try_read();
      require(two && **two == 15 && *one == 15, "readers do not share");
      require(!lock.try_write(), "a writer got in among readers");
      require(!co_await timeout(1ms, lock.write()), "a writer waited too little");
    }
    {
      auto sole = co_await lock.write();
      *sole += 1;
      require(!lock.try_read() && !lock.try_write(), "somebody got in beside a writer");
      require(!co_await timeout(1ms, lock.read()), "a reader waited too little");
    }
    require(*co_await lock.read() == 16, "another value");
  });
}

TEST_CASE("a waiting writer stops later readers, and comes before them", "[sdk][sync][rw_lock]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    RwLock<Order> lock;
    Order readers;
    auto first = [&]() -> Task<> {
      auto shared = co_await lock.read();
      co_await turns();
      require(!lock.try_read(), "a reader overtakes a writer");
      require(shared->empty(), "the writer did not wait");
    };
    auto writes = [&]() -> Task<> { (co_await lock.write())->push_back(1); };
    auto reads = [&](int name) -> Task<> {
      auto shared = co_await lock.read();
      require(shared->size() == 1, "a reader was before the writer");
      readers.push_back(name);
    };
    co_await join_all(first(), writes(), reads(2), reads(3));
    require(readers == Order{2, 3}, "another order");
  });
}

TEST_CASE("readers behind a writer that gives up go on", "[sdk][sync][rw_lock]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    RwLock<int> lock(1);
    auto shared = co_await lock.read();
    auto gives_up = [&]() -> Task<> {
      require(!co_await timeout(5ms, lock.write()), "it has written");
    };
    auto reads = [&]() -> Task<int> { co_return *co_await lock.read(); };
    require(std::get<1>(co_await join_all(gives_up(), reads())) == 1, "another value");
  });
}

TEST_CASE("a writer that reads on lets readers in and no writer between", "[sdk][sync][rw_lock]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    RwLock<int> lock(1);
    auto begins = [&]() -> Task<> {
      auto sole = co_await lock.write();
      *sole = 2;
      co_await turns();
      auto shared = sole.downgrade();
      require(!sole, "the writer holds it still");
      co_await turns();
      require(*shared == 2, "a writer came between");
    };
    auto reads = [&]() -> Task<> { require(*co_await lock.read() == 2, "not what was written"); };
    auto writes = [&]() -> Task<> { *co_await lock.write() = 3; };
    co_await join_all(begins(), reads(), writes());
    require(*co_await lock.read() == 3, "the writer never came");
  });
}

TEST_CASE("many readers and writers see whole states", "[sdk][sync][rw_lock]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  constexpr int kWriters = 4;
  constexpr int kRounds = 500;
  world.run([]() -> Task<> {
    RwLock<std::pair<int, int>> lock(0, 0);
    std::vector<JoinHandle<>> tasks;
    for (int i = 0; i < kWriters; ++i) {
      tasks.push_back(spawn([&lock]() -> Task<> {
        for (int round = 0; round < kRounds; ++round) {
          auto sole = co_await lock.write();
          ++sole->first;
          if (round % 16 == 0) co_await yield();
          ++sole->second;
        }
      }));
    }
    for (int i = 0; i < 8; ++i) {
      tasks.push_back(spawn([&lock]() -> Task<> {
        for (int round = 0; round < kRounds; ++round) {
          auto shared = co_await lock.read();
          require(shared->first == shared->second, "a reader saw half of it");
        }
      }));
    }
    for (auto& task : tasks)
      co_await task;
    require((co_await lock.read())->second == kWriters * kRounds, "updates are lost");
  });
}

}  // namespace ekiden::test
