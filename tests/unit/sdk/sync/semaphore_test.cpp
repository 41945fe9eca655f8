#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

namespace {

// Takes them for a moment.
Task<> visit(Semaphore& semaphore, std::uint32_t count, int name, Order& order) {
  Permit permit = co_await semaphore.acquire(count);
  order.push_back(name);
}

}  // namespace

TEST_CASE("permits are taken and given back", "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Semaphore semaphore(3);
    {
      Permit one = co_await semaphore.acquire();
      Permit two = co_await semaphore.acquire(2);
      require(one.count() == 1 && two.count() == 2, "another count");
      require(semaphore.available() == 0 && !semaphore.try_acquire(), "there are more");
      one.release();
      one.release();
      require(semaphore.available() == 1, "given back twice, or never");
    }
    require(semaphore.available() == 3, "a permit is lost");
    Permit none = co_await semaphore.acquire(0);
    require(semaphore.available() == 3, "no permits are some");
  });
}

TEST_CASE("permits can be forgotten, split and merged", "[sdk][sync][semaphore]") {
  World world;
  Semaphore semaphore(5);
  Semaphore other(1);
  {
    Permit all = *semaphore.try_acquire(5);
    Permit part = all.split(2);
    CHECK(all.count() == 3);
    CHECK(part.count() == 2);
    CHECK_THROWS_AS(part.split(3), Error);
    CHECK_THROWS_AS(all.merge(*other.try_acquire()), Error);
    CHECK(other.available() == 1);
    all.merge(std::move(part));
    CHECK(all.count() == 5);
    Permit empty;
    empty.merge(all.split(1));
    CHECK(empty.count() == 1);
    all.forget();
    CHECK(all.count() == 0);
  }
  CHECK(semaphore.available() == 1);
  semaphore.release(4);
  CHECK(semaphore.available() == 5);
}

TEST_CASE("a permit count that overflows is refused", "[sdk][sync][semaphore]") {
  World world;
  Semaphore semaphore(Semaphore::kMaxPermits);
  CHECK_THROWS_AS(semaphore.release(), Error);
  CHECK(semaphore.available() == Semaphore::kMaxPermits);
  {
    Permit all = *semaphore.try_acquire(Semaphore::kMaxPermits);
    semaphore.release(Semaphore::kMaxPermits);
    Permit more = *semaphore.try_acquire(1);
    CHECK_THROWS_AS(all.merge(std::move(more)), Error);
    CHECK(more.count() == 1);
    all.forget();
  }
  semaphore.release(0);
  CHECK(semaphore.available() == Semaphore::kMaxPermits);
}

TEST_CASE("who wants many is not overtaken by who wants few", "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Semaphore semaphore(2);
    Order order;
    auto drives = [&]() -> Task<> {
      require(!semaphore.try_acquire(), "a newcomer overtakes");
      semaphore.release();
      co_await turns();
      require(order.empty(), "it went on with too few");
      semaphore.release();
      co_await turns();
      require(order == Order{1, 2, 3}, "they did not go on in order");
    };
    co_await join_all(visit(semaphore, 4, 1, order), visit(semaphore, 1, 2, order),
                      visit(semaphore, 1, 3, order), drives());
    require(semaphore.available() == 4, "a permit is lost");
  });
}

TEST_CASE("who waits for more than there are gets them when they are added",
          "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Semaphore semaphore(0);
    Order order;
    auto adds = [&]() -> Task<> {
      for (int i = 0; i < 1000; ++i)
        semaphore.release();
      co_return;
    };
    co_await join_all(visit(semaphore, 1000, 1, order), adds());
    require(semaphore.available() == 1000, "a permit is lost");
  });
}

TEST_CASE("those behind one who gives up go on", "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Semaphore semaphore(1);
    Order order;
    auto gives_up = [&]() -> Task<> {
      require(!co_await timeout(5ms, semaphore.acquire(2)), "it went on with too few");
    };
    co_await join_all(gives_up(), visit(semaphore, 1, 1, order));
    require(order == Order{1} && semaphore.available() == 1, "a permit is lost");
  });
}

TEST_CASE("closing a semaphore ends all waits for it, and leaves what is held",
          "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  // More than are woken in one go.
  constexpr int kWaiters = 100;
  world.run([]() -> Task<> {
    Semaphore semaphore(1);
    Permit held = co_await semaphore.acquire();
    std::vector<JoinHandle<bool>> tasks;
    std::atomic<int> started{0};
    for (int i = 0; i < kWaiters; ++i) {
      tasks.push_back(spawn([&]() -> Task<bool> {
        ++started;
        try {
          Permit permit = co_await semaphore.acquire();
        } catch (const Closed&) {
          co_return true;
        }
        co_return false;
      }));
    }
    require(co_await until([&] { return started.load() == kWaiters; }), "they do not start");
    require(!semaphore.is_closed(), "closed by itself");
    semaphore.close();
    require(semaphore.is_closed(), "it says that it is open");
    for (auto& task : tasks)
      require(co_await task, "somebody got a permit");
    held.release();
    require(semaphore.available() == 1, "the permit is lost");
    try {
      (void)semaphore.try_acquire();
      require(false, "a closed semaphore gives permits");
    } catch (const Closed&) {
    }
  });
}

TEST_CASE("many tasks share permits, and never more than there are", "[sdk][sync][semaphore]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  constexpr int kPermits = 5;
  world.run([]() -> Task<> {
    Semaphore semaphore(kPermits);
    std::atomic<int> inside{0};
    std::vector<JoinHandle<>> tasks;
    for (std::uint32_t i = 0; i < 40; ++i) {
      tasks.push_back(spawn([&, i]() -> Task<> {
        for (std::uint32_t round = 0; round < 100; ++round) {
          const std::uint32_t count = 1 + (i + round) % kPermits;
          Permit permit = co_await semaphore.acquire(count);
          const int mine = static_cast<int>(count);
          require(inside.fetch_add(mine) + mine <= kPermits, "more than there are");
          if (round % 8 == 0) co_await yield();
          inside.fetch_sub(mine);
        }
      }));
    }
    for (auto& task : tasks)
      co_await task;
    require(semaphore.available() == kPermits, "a permit is lost");
  });
}

}  // namespace ekiden::test
