#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

Task<> send_one(mpmc::Sender<int> tx, int value) { co_await tx.send(value); }

}  // namespace

TEST_CASE("mpmc: each message goes to one receiver, and all hear of the end",
          "[sdk][channel][mpmc][stress]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const std::size_t capacity = GENERATE(1u, 5u, 256u);
  world.run([capacity]() -> Task<> {
    auto [tx, rx] = mpmc::channel<std::uint64_t>(capacity);
    constexpr std::uint64_t kEach = 1500;
    for (std::uint64_t s = 0; s < 8; ++s) {
      spawn([tx = tx]() -> Task<> {
        for (std::uint64_t i = 1; i <= kEach; ++i)
          co_await tx.send(i);
      }).detach();
    }
    tx.reset();
    std::vector<JoinHandle<std::pair<std::uint64_t, std::uint64_t>>> receivers;
    for (int r = 0; r < 8; ++r) {
      receivers.push_back(spawn([rx = rx]() -> Task<std::pair<std::uint64_t, std::uint64_t>> {
        std::pair<std::uint64_t, std::uint64_t> all{0, 0};
        while (auto got = co_await rx.recv()) {
          ++all.first;
          all.second += *got;
        }
        co_return all;
      }));
    }
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    for (auto& receiver : receivers) {
      const auto all = co_await receiver;
      count += all.first;
      sum += all.second;
    }
    expect(count == 8 * kEach && sum == 8 * kEach * (kEach + 1) / 2, "all, and each once");
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpmc: try_send and try_recv say full, empty and closed", "[sdk][channel][mpmc]") {
  World world;
  auto [tx, rx] = mpmc::channel<std::unique_ptr<int>>(1);
  CHECK(rx.try_recv().is_empty());
  CHECK(tx.try_send(std::make_unique<int>(1)));
  auto full = tx.try_send(std::make_unique<int>(2));
  REQUIRE(full.is_full());
  CHECK(*full.value() == 2);
  CHECK(rx.size() == 1);
  tx.close();
  CHECK(tx.try_send(std::make_unique<int>(3)).is_closed());
  CHECK(**rx.try_recv() == 1);
  CHECK(rx.try_recv().is_closed());
}

TEST_CASE("mpmc: the last receiver closes, and destroys what is left", "[sdk][channel][mpmc]") {
  World world;
  std::atomic<int> alive{0};
  auto [tx, rx] = mpmc::channel<Alive>(2);
  mpmc::Receiver<Alive> other = rx;
  CHECK(tx.try_send(Alive(alive)));
  rx.reset();
  CHECK(!tx.is_closed());
  other.reset();
  CHECK(tx.is_closed());
  CHECK(alive.load() == 0);
}

TEST_CASE("mpmc: both sides are served in the order of arrival", "[sdk][channel][mpmc]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpmc::channel<int>(1);
    std::vector<JoinHandle<int>> receivers;
    for (int i = 0; i < 10; ++i) {
      receivers.push_back(spawn([rx = rx]() -> Task<int> { co_return *(co_await rx.recv()); }));
      co_await let_others_run();
    }
    for (int i = 0; i < 10; ++i) {
      co_await tx.send(i);
      expect(rx.try_recv().is_empty(), "nobody takes what is promised");
    }
    for (int i = 0; i < 10; ++i)
      expect(co_await receivers[static_cast<std::size_t>(i)] == i, "receivers in order");
    co_await tx.send(-1);
    for (int i = 0; i < 10; ++i) {
      spawn(send_one(tx, i)).detach();
      co_await let_others_run();
    }
    for (int i = -1; i < 10; ++i) {
      expect(tx.try_send(99).is_full(), "nobody takes the room that is promised");
      expect(co_await rx.recv() == i, "senders in order");
    }
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpmc: close ends all who wait", "[sdk][channel][mpmc]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpmc::channel<int>(1);
    std::vector<JoinHandle<bool>> receivers;
    for (int i = 0; i < 40; ++i)
      receivers.push_back(
          spawn([rx = rx]() -> Task<bool> { co_return (co_await rx.recv()).has_value(); }));
    co_await let_others_run();
    rx.close();
    for (auto& receiver : receivers)
      expect(!co_await receiver, "a receiver hears of it");

    auto [full_tx, full_rx] = mpmc::channel<int>(1);
    co_await full_tx.send(1);
    std::vector<JoinHandle<>> senders;
    for (int i = 0; i < 40; ++i)
      senders.push_back(spawn(send_one(full_tx, i)));
    co_await let_others_run();
    full_tx.close();
    for (auto& sender : senders) {
      bool closed = false;
      try {
        co_await sender;
      } catch (const Closed&) {
        closed = true;
      }
      expect(closed, "a sender hears of it");
    }
    expect(co_await full_rx.recv() == 1, "what was sent stays");
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpmc: what a cut receiver or sender was promised goes to the next",
          "[sdk][channel][mpmc][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  for (unsigned wakes = 0; wakes < 4; ++wakes) {
    world.run([wakes]() -> Task<> {
      auto [tx, rx] = mpmc::channel<int>(1);
      auto cut = spawn([rx = rx, wakes]() -> Task<bool> {
        co_return co_await cut_after(wakes, [](auto from) -> Task<> { co_await from.recv(); }(rx));
      });
      co_await let_others_run();
      auto behind = spawn([rx = rx]() -> Task<int> { co_return *(co_await rx.recv()); });
      co_await let_others_run();
      co_await tx.send(1);
      co_await tx.send(2);
      const bool received = co_await cut;
      expect(co_await behind == (received ? 2 : 1), "the next receiver gets it");
      if (!received) expect(co_await rx.recv() == 2, "and the other is there");

      co_await tx.send(0);
      auto cut_sender = spawn([tx = tx, wakes]() -> Task<bool> {
        co_return co_await cut_after(wakes, send_one(tx, 1));
      });
      co_await let_others_run();
      auto next_sender = spawn(send_one(tx, 2));
      co_await let_others_run();
      expect(co_await rx.recv() == 0, "what was there");
      const auto got = co_await rx.recv();
      const bool sent = co_await cut_sender;
      expect(got == (sent ? 1 : 2), "the next sender gets the room");
      if (sent) expect(co_await rx.recv() == 2, "after it");
      co_await next_sender;
    });
  }
  CHECK(world.all_gone());
}

TEST_CASE("mpmc: aborted tasks lose no message and no room", "[sdk][channel][mpmc][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  for (int round = 0; round < 40; ++round) {
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
    world.run([&, round]() -> Task<> {
      auto [tx, rx] = mpmc::channel<int>(2);
      std::vector<JoinHandle<>> tasks;
      for (int i = 0; i < 4; ++i) {
        tasks.push_back(spawn([tx = tx, &sent]() -> Task<> {
          while (true) {
            co_await tx.send(1);
            ++sent;
          }
        }));
        tasks.push_back(spawn([rx = rx, &received]() -> Task<> {
          while (co_await rx.recv())
            ++received;
        }));
      }
      while (received.load() < 20 + round)
        co_await yield();
      for (auto& task : tasks)
        task.abort();
      for (auto& task : tasks) {
        try {
          co_await task;
        } catch (const Cancelled&) {
        }
      }
      while (rx.try_recv())
        ++received;
      expect(received.load() == sent.load(), "each that was sent was received");
      for (int i = 0; i < 2; ++i)
        expect(static_cast<bool>(tx.try_send(1)), "all room is free again");
    });
  }
  CHECK(world.all_gone());
}

// --- Oneshot -------------------------------------------------------------------------------------

}  // namespace ekiden::test
