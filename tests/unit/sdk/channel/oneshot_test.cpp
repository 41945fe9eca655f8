#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

TEST_CASE("oneshot: the message comes, before and after the wait", "[sdk][channel][oneshot]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    for (int i = 0; i < 200; ++i) {
      auto [tx, rx] = oneshot::channel<std::unique_ptr<int>>();
      expect(rx.try_recv().is_empty(), "nothing yet");
      if (i % 2 == 0) {
        expect(static_cast<bool>(tx.send(std::make_unique<int>(i))), "sent");
      } else {
        spawn([tx = std::move(tx), i]() mutable -> Task<> {
          co_await yield();
          (void)tx.send(std::make_unique<int>(i));
        }).detach();
      }
      std::unique_ptr<int> got = co_await rx;
      expect(*got == i, "the message");
      bool closed = false;
      try {
        co_await rx.recv();
      } catch (const Closed&) {
        closed = true;
      }
      expect(closed && rx.try_recv().is_closed(), "there is no other");
    }
  });
  CHECK(world.all_gone());
}

TEST_CASE("oneshot: a sender that goes without a message is told", "[sdk][channel][oneshot]") {
  World world(GENERATE(1u, 2u, 4u));
  CHECK_THROWS_AS(world.run([]() -> Task<> {
    auto [tx, rx] = oneshot::channel<int>();
    spawn([tx = std::move(tx)]() -> Task<> { co_await let_others_run(); }).detach();
    co_await rx;
  }),
                  Closed);
  CHECK(world.all_gone());
}

TEST_CASE("oneshot: the value comes back where nobody wants it", "[sdk][channel][oneshot]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [tx, rx] = oneshot::channel<int>();
    expect(!(co_await timeout(1ms, tx.closed())), "it is wanted");
    auto watcher = spawn([tx = std::move(tx)]() mutable -> Task<> {
      co_await tx.closed();
      auto kept = tx.send(4);
      expect(kept.is_closed() && kept.value() == 4, "nothing is lost");
      bool thrown = false;
      try {
        (void)tx.send(5);
      } catch (const Error& error) {
        thrown = error.code() == EKD_E_WRONG_STATE;
      }
      expect(thrown, "a sender sends once");
    });
    co_await let_others_run();
    rx.reset();
    co_await watcher;
  });
}

TEST_CASE("oneshot: what was sent before the close is still received", "[sdk][channel][oneshot]") {
  World world;
  std::atomic<int> alive{0};
  auto [tx, rx] = oneshot::channel<Alive>();
  CHECK(tx.send(Alive(alive)));
  rx.close();
  CHECK(rx.try_recv());
  auto [tx2, rx2] = oneshot::channel<Alive>();
  CHECK(tx2.send(Alive(alive)));
  rx2.reset();
  CHECK(alive.load() == 0);
}

TEST_CASE("oneshot: a receive that is cut can be tried again", "[sdk][channel][oneshot][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  for (unsigned wakes = 0; wakes < 3; ++wakes) {
    world.run([wakes]() -> Task<> {
      auto [tx, rx] = oneshot::channel<int>();
      spawn([tx = std::move(tx)]() mutable -> Task<> {
        co_await let_others_run();
        (void)tx.send(6);
      }).detach();
      int got = 0;
      const bool ended = co_await cut_after(
          wakes, [](auto& from, int& into) -> Task<> { into = co_await from; }(rx, got));
      if (!ended) got = co_await rx;
      expect(got == 6, "it is not lost");
    });
  }
  CHECK(world.all_gone());
}

TEST_CASE("oneshot: a message is received or comes back, whoever is first",
          "[sdk][channel][oneshot][stress]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  std::atomic<int> alive{0};
  std::atomic<int> received{0};
  std::atomic<int> came_back{0};
  constexpr int kChannels = 3'000;
  world.run([&]() -> Task<> {
    for (int i = 0; i < kChannels; ++i) {
      auto [tx, rx] = oneshot::channel<Alive>();
      auto sender = spawn([&came_back, &alive, tx = std::move(tx), i]() mutable -> Task<> {
        if (i % 3 == 0) co_await yield();
        if (!tx.send(Alive(alive))) ++came_back;
      });
      // Takes it, gives up after a look, or goes at once.
      auto receiver = spawn([&received, rx = std::move(rx), i]() mutable -> Task<> {
        if (i % 4 == 0) co_return;
        if (i % 4 == 1) co_await yield();
        if (i % 4 < 3) {
          if (co_await timeout(0ns, rx.recv())) ++received;
          rx.close();
          if (rx.try_recv()) ++received;
        } else {
          co_await rx;
          ++received;
        }
      });
      co_await sender;
      co_await receiver;
    }
  });
  CHECK(eventually([&] { return alive.load() == 0; }));
  CHECK(received.load() >= kChannels / 4);
  CHECK(received.load() + came_back.load() <= kChannels);
}

}  // namespace ekiden::test
