#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// Counts its copies.
struct Copied {
  Copied(std::atomic<int>& alive, std::atomic<int>& copies) : alive(&alive), copies(&copies) {
    ++alive;
  }
  Copied(const Copied& other) : alive(other.alive), copies(other.copies) {
    ++*alive;
    ++*copies;
  }
  Copied(Copied&& other) noexcept : alive(other.alive), copies(other.copies) { ++*alive; }
  Copied& operator=(const Copied&) = delete;
  ~Copied() { --*alive; }
  std::atomic<int>* alive;
  std::atomic<int>* copies;
};

struct CopyFails {
  explicit CopyFails(bool& fails) : fails(&fails) {}
  CopyFails(const CopyFails& other) : fails(other.fails) {
    if (*fails) throw std::runtime_error("no copy");
  }
  CopyFails(CopyFails&&) noexcept = default;
  CopyFails& operator=(CopyFails&&) noexcept = default;
  bool* fails;
};

}  // namespace

TEST_CASE("broadcast: every receiver gets every message, and the end",
          "[sdk][channel][broadcast]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = broadcast::channel<std::string>(1024);
    std::vector<JoinHandle<int>> receivers;
    for (int r = 0; r < 20; ++r) {
      receivers.push_back(spawn([rx = tx.subscribe()]() mutable -> Task<int> {
        int next = 0;
        while (auto got = co_await rx.recv())
          expect(*got == std::to_string(next++), "in order");
        co_return next;
      }));
    }
    expect(tx.receivers() == 21, "they are counted");
    rx.reset();
    for (int i = 0; i < 1000; ++i) {
      expect(tx.send(std::to_string(i)) == 20, "to all of them");
      if (i % 100 == 0) co_await let_others_run();
    }
    tx.reset();
    for (auto& receiver : receivers)
      expect(co_await receiver == 1000, "all of it");
  });
  CHECK(world.all_gone());
}

TEST_CASE("broadcast: a receiver that lags is told how much it lost", "[sdk][channel][broadcast]") {
  World world;
  world.run([]() -> Task<> {
    auto [tx, rx] = broadcast::channel<int>(3);
    auto quick = tx.subscribe();
    for (int i = 0; i < 3; ++i)
      tx.send(i);
    for (int i = 0; i < 3; ++i)
      expect(co_await quick.recv() == i, "who keeps up loses nothing");
    for (int i = 3; i < 8; ++i)
      tx.send(i);
    expect(rx.size() == 8, "what it missed is counted");
    std::uint64_t lost = 0;
    try {
      co_await rx.recv();
    } catch (const Lagged& lag) {
      lost = lag.lost();
    }
    expect(lost == 5, "it is told once");
    for (int i = 5; i < 8; ++i)
      expect(co_await rx.recv() == i, "and goes on with the oldest that is there");
    lost = 0;
    try {
      (void)quick.try_recv();
    } catch (const Lagged& lag) {
      lost = lag.lost();
    }
    expect(lost == 2, "without waiting, too");
    tx.reset();
    for (int i = 5; i < 8; ++i)
      expect(*quick.try_recv() == i, "after the end, too");
    expect(quick.try_recv().is_closed() && !(co_await rx.recv()), "then the end");
  });
}

TEST_CASE("broadcast: a capacity of one", "[sdk][channel][broadcast]") {
  World world;
  auto [tx, rx] = broadcast::channel<int>(1);
  tx.send(1);
  CHECK(*rx.try_recv() == 1);
  CHECK(rx.try_recv().is_empty());
  tx.send(2);
  tx.send(3);
  CHECK_THROWS_AS(rx.try_recv(), Lagged);
  CHECK(*rx.try_recv() == 3);
}

TEST_CASE("broadcast: who comes later gets what is sent from then on",
          "[sdk][channel][broadcast]") {
  World world;
  auto [tx, rx] = broadcast::channel<int>(8);
  tx.send(1);
  auto later = rx.resubscribe();
  CHECK(later.is_empty());
  tx.send(2);
  CHECK(*later.try_recv() == 2);
  CHECK(*rx.try_recv() == 1);
  CHECK(*rx.try_recv() == 2);
}

TEST_CASE("broadcast: without a receiver the value comes back", "[sdk][channel][broadcast]") {
  World world;
  auto [tx, rx] = broadcast::channel<int>(8);
  rx.reset();
  auto kept = tx.try_send(3);
  REQUIRE(kept.is_closed());
  CHECK(kept.value() == 3);
  CHECK_THROWS_AS(tx.send(4), Closed);
  auto again = tx.subscribe();
  CHECK(tx.send(5) == 1);
  CHECK(*again.try_recv() == 5);
}

TEST_CASE("broadcast: a value lives until the last has it, and the last gets it without a copy",
          "[sdk][channel][broadcast]") {
  World world;
  std::atomic<int> alive{0};
  std::atomic<int> copies{0};
  auto [tx, rx] = broadcast::channel<Copied>(4);
  auto other = tx.subscribe();
  auto third = tx.subscribe();
  tx.send(Copied(alive, copies));
  tx.send(Copied(alive, copies));
  CHECK(alive.load() == 2);
  CHECK(rx.try_recv());
  CHECK(other.try_recv());
  CHECK(copies.load() == 2);
  CHECK(third.try_recv());
  CHECK(copies.load() == 2);
  CHECK(alive.load() == 1);
  rx.reset();
  other.reset();
  CHECK(alive.load() == 1);
  third.reset();
  CHECK(alive.load() == 0);
}

TEST_CASE("broadcast: a message whose copy fails is still there", "[sdk][channel][broadcast]") {
  World world;
  bool fails = true;
  auto [tx, rx] = broadcast::channel<CopyFails>(4);
  auto other = tx.subscribe();
  tx.send(CopyFails(fails));
  CHECK_THROWS_AS(rx.try_recv(), std::runtime_error);
  fails = false;
  CHECK(rx.try_recv());
  CHECK(other.try_recv());
}

TEST_CASE("broadcast: a receive that is cut loses no message",
          "[sdk][channel][broadcast][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = broadcast::channel<int>(4096);
    std::vector<JoinHandle<>> receivers;
    for (int r = 0; r < 4; ++r) {
      receivers.push_back(spawn([rx = tx.subscribe()]() mutable -> Task<> {
        int next = 0;
        for (unsigned n = 0; next < 500; ++n) {
          co_await cut_after(n % 3, [](auto& from, int& into) -> Task<> {
            expect(co_await from.recv() == into, "each once, in order");
            ++into;
          }(rx, next));
        }
      }));
    }
    for (int i = 0; i < 500; ++i) {
      tx.send(i);
      if (i % 5 == 0) co_await yield();
    }
    for (auto& receiver : receivers)
      co_await receiver;
  });
  CHECK(world.all_gone());
}

TEST_CASE("broadcast: what was lost and what was received is all that was sent",
          "[sdk][channel][broadcast][stress]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = broadcast::channel<int>(16);
    rx.reset();
    std::vector<JoinHandle<std::uint64_t>> receivers;
    for (int r = 0; r < 6; ++r) {
      receivers.push_back(spawn([rx = tx.subscribe()]() mutable -> Task<std::uint64_t> {
        std::uint64_t all = 0;
        while (true) {
          try {
            if (!(co_await rx.recv())) co_return all;
            ++all;
          } catch (const Lagged& lag) {
            all += lag.lost();
          }
        }
      }));
    }
    std::vector<JoinHandle<>> senders;
    for (int s = 0; s < 4; ++s) {
      senders.push_back(spawn([tx = tx]() -> Task<> {
        for (int i = 0; i < 2000; ++i) {
          tx.send(i);
          if (i % 16 == 0) co_await yield();
        }
      }));
    }
    tx.reset();
    for (auto& sender : senders)
      co_await sender;
    for (auto& receiver : receivers)
      expect(co_await receiver == 8000, "nothing is uncounted");
  });
  CHECK(world.all_gone());
}

// --- Watch ---------------------------------------------------------------------------------------

}  // namespace ekiden::test
