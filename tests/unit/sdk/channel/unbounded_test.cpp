#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

TEST_CASE("unbounded: sending never waits, and the end is told", "[sdk][channel][unbounded]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::unbounded<std::unique_ptr<int>>();
    expect(rx.try_recv().is_empty(), "nothing yet");
    for (int i = 0; i < 5000; ++i)
      tx.send(std::make_unique<int>(i));
    expect(rx.size() == 5000, "all are there");
    for (int i = 0; i < 4000; ++i)
      expect(**(co_await rx.recv()) == i, "in order");
    std::vector<std::unique_ptr<int>> rest;
    expect(co_await rx.recv_many(rest, 500) == 500, "many at once");
    expect(rx.drain(rest) == 500, "and the rest");
    expect(!(co_await timeout(1ms, rx.recv())), "nothing is left");
    spawn([tx = std::move(tx)]() -> Task<> {
      co_await let_others_run();
      tx.send(std::make_unique<int>(1));
    }).detach();
    expect(**(co_await rx.recv()) == 1, "it waits");
    expect(!(co_await rx.recv()), "until all senders are gone");
    expect(rx.try_recv().is_closed(), "which can be asked for");
  });
}

TEST_CASE("unbounded: a closed channel gives the value back, and keeps what was sent",
          "[sdk][channel][unbounded]") {
  World world;
  std::atomic<int> alive{0};
  auto [tx, rx] = mpsc::unbounded<Counted>();
  tx.send(Counted(1, alive));
  tx.send(Counted(2, alive));
  rx.close();
  auto kept = tx.try_send(Counted(3, alive));
  REQUIRE(kept.is_closed());
  CHECK(kept.value().number == 3);
  CHECK_THROWS_AS(tx.send(Counted(4, alive)), Closed);
  CHECK(rx.try_recv()->number == 1);
  world.run([&tx = tx]() -> Task<> { co_await tx.closed(); });
  rx.reset();
  CHECK(alive.load() == 1);
}

TEST_CASE("unbounded: many senders, with receives that are cut",
          "[sdk][channel][unbounded][stress]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = mpsc::unbounded<int>();
    for (int s = 0; s < 8; ++s) {
      spawn([tx = tx]() -> Task<> {
        for (int i = 0; i < 500; ++i) {
          tx.send(1);
          if (i % 10 == 0) co_await yield();
        }
      }).detach();
    }
    tx.reset();
    int got = 0;
    bool ended = false;
    for (unsigned n = 0; !ended; ++n) {
      co_await cut_after(n % 2, [](auto& from, int& count, bool& end) -> Task<> {
        if (co_await from.recv()) {
          ++count;
        } else {
          end = true;
        }
      }(rx, got, ended));
    }
    expect(got == 4000, "each once");
  });
  CHECK(world.all_gone());
}

}  // namespace ekiden::test
