#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

namespace {

Task<> visit(Notify& notify, int name, Order& order) {
  co_await notify.wait();
  order.push_back(name);
}

}  // namespace

TEST_CASE("a notification that nobody waits for is stored, but one", "[sdk][sync][notify]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Notify notify;
    notify.notify_one();
    notify.notify_one();
    co_await notify.wait();
    require(!co_await timeout(1ms, notify.wait()), "two were stored");
    notify.notify_all();
    require(!co_await timeout(1ms, notify.wait()), "notify_all was stored");
  });
}

TEST_CASE("notify_one wakes exactly one, in the order of coming", "[sdk][sync][notify]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Notify notify;
    Order order;
    auto drives = [&]() -> Task<> {
      for (int i = 1; i <= 3; ++i) {
        notify.notify_one();
        co_await turns();
        require(order.size() == static_cast<std::size_t>(i), "not exactly one");
      }
    };
    co_await join_all(visit(notify, 1, order), visit(notify, 2, order), visit(notify, 3, order),
                      drives());
    require(order == Order{1, 2, 3}, "another order");
    require(!co_await timeout(1ms, notify.wait()), "one was stored besides");
  });
}

TEST_CASE("notify_all wakes all that wait, and leaves what is stored", "[sdk][sync][notify]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Notify notify;
    std::vector<Task<>> parts;
    Order order;
    for (int i = 0; i < 100; ++i)
      parts.push_back(visit(notify, i, order));
    auto drives = [&]() -> Task<> {
      notify.notify_all();
      notify.notify_one();  // nobody waits any more: for the next
      co_return;
    };
    parts.push_back(drives());
    co_await join_all(std::move(parts));
    require(order.size() == 100, "not all");
    require(co_await timeout(1h, notify.wait()), "the stored one is lost");
  });
}

TEST_CASE("notify_all counts from the call of wait on", "[sdk][sync][notify]") {
  World world;
  world.run([]() -> Task<> {
    Notify notify;
    auto early = notify.wait();
    notify.notify_all();
    notify.notify_one();
    co_await early;
    require(co_await timeout(1h, notify.wait()), "the stored one went to who needed none");
    auto late = notify.wait();
    require(!co_await timeout(1ms, std::move(late)), "an older notify_all counted");
  });
}

TEST_CASE("a notification that its waiter does not take goes to the next", "[sdk][sync][notify]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Notify notify;
    Order order;
    Event cut;
    auto is_cut = [&]() -> Task<> {
      // Asked in this order, so the branch is cut when the notification is there already.
      co_await race(cut.wait(), visit(notify, 1, order));
    };
    auto drives = [&]() -> Task<> {
      cut.set();
      notify.notify_one();
      co_await turns();
    };
    co_await join_all(is_cut(), visit(notify, 2, order), drives());
    require(order == Order{2}, "the notification is lost");
    co_await join_all(is_cut(), [&]() -> Task<> {
      cut.reset();
      co_await turns();
      co_await drives();
    }());
    require(order == Order{2}, "somebody took it");
    co_await notify.wait();
  });
}

TEST_CASE("a notification of many tasks is never lost", "[sdk][sync][notify]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  constexpr int kItems = 5000;
  world.run([]() -> Task<> {
    Notify notify;
    std::atomic<int> items{0};
    std::atomic<int> taken{0};
    auto take = [&] {
      int have = items.load();
      while (have > 0)
        if (items.compare_exchange_weak(have, have - 1)) return true;
      return false;
    };
    std::vector<JoinHandle<>> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back(spawn([&]() -> Task<> {
        while (taken.load() < kItems) {
          if (!take()) {
            co_await notify.wait();
          } else if (++taken == kItems) {
            notify.notify_all();
            notify.notify_one();
          } else {
            notify.notify_one();  // there may be more
          }
        }
        notify.notify_one();
      }));
    }
    for (int i = 0; i < kItems; ++i) {
      ++items;
      notify.notify_one();
      if (i % 64 == 0) co_await yield();
    }
    for (auto& task : tasks)
      require(co_await timeout(kPatience, task.wait()), "a wake is lost");
  });
}

}  // namespace ekiden::test
