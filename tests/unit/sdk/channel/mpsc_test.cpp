#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

TEST_CASE("mpsc: what is sent is received in order, and the end is told", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const std::size_t capacity = GENERATE(1u, 2u, 3u, 16u, 1000u);
  world.run([=]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(capacity);
    expect(tx.max_capacity() == capacity && tx.capacity() == capacity, "all is free at first");
    spawn(send_some(std::move(tx), 0, 500)).detach();
    for (int i = 0; i < 500; ++i)
      expect(co_await rx.recv() == i, "in order");
    expect(!(co_await rx.recv()), "then the end");
    expect(rx.is_closed() && rx.is_empty(), "which can be asked for");
    expect(rx.try_recv().is_closed(), "also without waiting");
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a capacity of zero, or beyond the limit, is an error", "[sdk][channel][mpsc]") {
  World world;
  CHECK_THROWS_WITH(mpsc::channel<int>(0), Catch::Contains("capacity of a channel is 1 to"));
  CHECK_THROWS_AS(mpsc::channel<int>((1u << 20) + 1), Error);
  CHECK_THROWS_AS(mpmc::channel<int>(0), Error);
  CHECK_THROWS_AS(broadcast::channel<int>(0), Error);
}

TEST_CASE("mpsc: try_send gives the value back, full or closed", "[sdk][channel][mpsc]") {
  World world;
  auto [tx, rx] = mpsc::channel<std::unique_ptr<int>>(2);
  CHECK(tx.try_send(std::make_unique<int>(1)));
  CHECK(tx.try_send(std::make_unique<int>(2)));
  auto full = tx.try_send(std::make_unique<int>(3));
  REQUIRE(!full);
  CHECK((full.is_full() && !full.is_closed()));
  CHECK(*full.value() == 3);
  CHECK(rx.size() == 2);
  CHECK(**rx.try_recv() == 1);
  CHECK(tx.capacity() == 1);
  CHECK(tx.try_send(std::move(full.value())));
  rx.close();
  auto closed = tx.try_send(std::make_unique<int>(4));
  REQUIRE(!closed);
  CHECK((closed.is_closed() && !closed.is_full()));
  CHECK(*closed.value() == 4);
  CHECK(**rx.try_recv() == 2);
  CHECK(**rx.try_recv() == 3);
  CHECK(rx.try_recv().is_closed());
}

TEST_CASE("mpsc: an empty channel is empty, not closed", "[sdk][channel][mpsc]") {
  World world;
  auto [tx, rx] = mpsc::channel<int>(1);
  CHECK(rx.try_recv().is_empty());
  { const mpsc::Sender<int> copy = tx; }
  CHECK(rx.try_recv().is_empty());
  tx.reset();
  CHECK(rx.try_recv().is_closed());
}

TEST_CASE("mpsc: sending to a receiver that is gone throws Closed", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  CHECK_THROWS_AS(world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    rx.reset();
    expect(tx.is_closed(), "it says so");
    co_await tx.send(1);
  }),
                  Closed);
}

TEST_CASE("mpsc: close ends those who wait for room, and keeps what was sent",
          "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    co_await tx.send(7);
    std::vector<JoinHandle<>> senders;
    for (int i = 0; i < 40; ++i)
      senders.push_back(spawn(send_some(tx, 100, 1)));
    co_await let_others_run();
    rx.close();
    for (auto& sender : senders) {
      bool closed = false;
      try {
        co_await sender;
      } catch (const Closed&) {
        closed = true;
      }
      expect(closed, "a waiting sender hears of the close");
    }
    expect(co_await rx.recv() == 7, "what was sent before is received");
    expect(!(co_await rx.recv()), "and then the end");
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a dropped receiver destroys what is in the channel", "[sdk][channel][mpsc]") {
  World world;
  std::atomic<int> alive{0};
  auto [tx, rx] = mpsc::channel<Counted>(4);
  for (int i = 0; i < 3; ++i)
    CHECK(tx.try_send(Counted(i, alive)));
  CHECK(alive.load() == 3);
  rx.reset();
  CHECK(alive.load() == 0);
  CHECK(tx.try_send(Counted(9, alive)).is_closed());
  CHECK(alive.load() == 0);
}

TEST_CASE("mpsc: a permit keeps its room, and gives it back unused", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(2);
    auto first = co_await tx.reserve();
    auto second = tx.try_reserve();
    expect(second.has_value() && tx.capacity() == 0, "both places are taken");
    expect(tx.try_send(1).is_full() && !tx.try_reserve(), "for everybody else");
    first.send(10);
    expect(!first, "a permit is used up");
    expect(co_await rx.recv() == 10, "what it sent comes");
    expect(tx.capacity() == 1, "and then its place is free");
    second.reset();
    expect(tx.capacity() == 2, "a permit that goes unused frees its place");
    bool thrown = false;
    try {
      first.send(11);
    } catch (const Error& error) {
      thrown = error.code() == EKD_E_WRONG_STATE;
    }
    expect(thrown, "a permit sends once");
  });
}

TEST_CASE("mpsc: a permit sends after the close, and the receiver waits for it",
          "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(2);
    auto used = co_await tx.reserve();
    auto unused = co_await tx.reserve();
    rx.close();
    tx.reset();
    expect(rx.try_recv().is_empty(), "there is something to come");
    spawn([used = std::move(used), unused = std::move(unused)]() mutable -> Task<> {
      co_await let_others_run();
      used.send(5);
      co_await let_others_run();
      unused.release();
    }).detach();
    expect(co_await rx.recv() == 5, "from the permit");
    expect(!(co_await rx.recv()), "and the end comes with the last permit");
  });
}

TEST_CASE("mpsc: waiting senders get room in the order in which they came",
          "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    co_await tx.send(-1);
    for (int i = 0; i < 20; ++i) {
      spawn(send_some(tx, i, 1)).detach();
      co_await let_others_run();
    }
    for (int i = -1; i < 20; ++i) {
      expect(tx.try_send(99).is_full(), "nobody overtakes those who wait");
      expect(co_await rx.recv() == i, "first come, first served");
    }
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: room is handed over though the receiver does not come back",
          "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  const std::size_t capacity = GENERATE(1u, 4u, 64u);
  world.run([=]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(capacity);
    for (std::size_t i = 0; i < capacity; ++i)
      co_await tx.send(0);
    auto sender = spawn(send_some(tx, 1, 1));
    co_await let_others_run();
    expect(co_await rx.recv() == 0, "one is taken");
    // And nothing else is received before the sender is done.
    co_await sender;
  });
}

TEST_CASE("mpsc: the senders hear of the end of the receiver", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    std::vector<JoinHandle<>> watchers;
    for (int i = 0; i < 20; ++i)
      watchers.push_back(spawn([tx = tx]() -> Task<> { co_await tx.closed(); }));
    expect(!(co_await timeout(1ms, tx.closed())), "it is open");
    co_await let_others_run();
    rx.reset();
    for (auto& watcher : watchers)
      co_await watcher;
    co_await tx.closed();
  });
}

TEST_CASE("mpsc: many messages at once", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(8);
    std::vector<int> got{-1};
    expect(co_await rx.recv_many(got, 0) == 0, "none are wanted");
    for (int i = 0; i < 6; ++i)
      co_await tx.send(i);
    expect(co_await rx.recv_many(got, 4) == 4, "as many as are wanted");
    expect(rx.drain(got) == 2, "and the rest");
    expect(got == std::vector<int>({-1, 0, 1, 2, 3, 4, 5}), "behind what was there");
    spawn(send_some(tx, 6, 1)).detach();
    tx.reset();
    expect(co_await rx.recv_many(got, 10) == 1, "it waits for the first");
    expect(co_await rx.recv_many(got, 10) == 0, "and tells the end");
  });
}

TEST_CASE("mpsc: a receive can be tried again after a timeout", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    for (int i = 0; i < 5; ++i)
      expect(!(co_await timeout(1ms, rx.recv())), "there is nothing");
    spawn([tx = tx]() -> Task<> {
      co_await sleep(5ms);
      co_await tx.send(3);
    }).detach();
    expect(co_await rx.recv() == 3, "nothing is lost");
  });
}

TEST_CASE("mpsc: a receiver goes from task to task", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(4);
    spawn(send_some(std::move(tx), 0, 200)).detach();
    mpsc::Receiver<int> own = std::move(rx);
    for (int i = 0; i < 200; i += 2) {
      expect(co_await own.recv() == i, "here");
      auto other = spawn([own = std::move(own), i]() mutable -> Task<mpsc::Receiver<int>> {
        expect(co_await own.recv() == i + 1, "and there");
        co_return std::move(own);
      });
      own = co_await other;
    }
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a sender of its own channel's last handle ends with Closed",
          "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  CHECK_THROWS_AS(world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(1);
    co_await tx.send(1);
    auto waits = tx.send(2);
    co_await join_all([](auto& wait) -> Task<> { co_await wait; }(waits),
                      [](auto& sender, auto& receiver) -> Task<> {
                        sender.reset();
                        receiver.reset();
                        co_return;
                      }(tx, rx));
  }),
                  Closed);
}

TEST_CASE("mpsc: threads that are no workers send, receive and close", "[sdk][channel][mpsc]") {
  World world(GENERATE(1u, 2u));
  auto [tx, rx] = mpsc::channel<int>(4);
  std::thread outside([tx = tx] {
    for (int i = 0; i < 2000; ++i)
      while (!tx.try_send(i))
        std::this_thread::yield();
  });
  const int sum = world.run([&rx = rx]() -> Task<int> {
    int all = 0;
    for (int i = 0; i < 2000; ++i)
      all += *(co_await rx.recv());
    co_return all;
  });
  outside.join();
  CHECK(sum == 1999 * 1000);
  world.run([&tx = tx]() -> Task<> {
    for (int i = 0; i < 4; ++i)
      co_await tx.send(i);
  });
  std::thread receiver([&rx = rx] {
    for (int i = 0; i < 4; ++i)
      while (!rx.try_recv())
        std::this_thread::yield();
    rx.close();
  });
  CHECK_THROWS_AS(world.run([&tx = tx]() -> Task<> {
    while (true)
      co_await tx.send(1);
  }),
                  Closed);
  receiver.join();
}

}  // namespace ekiden::test
