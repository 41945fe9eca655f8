#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

TEST_CASE("watch: receivers see the newest value, and the end", "[sdk][channel][watch]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    auto [tx, rx] = watch::channel<int>(0);
    expect(!rx.has_changed() && rx.get() == 0, "the first value counts as seen");
    std::vector<JoinHandle<int>> receivers;
    for (int r = 0; r < 20; ++r) {
      receivers.push_back(spawn([rx = rx]() mutable -> Task<int> {
        int last = rx.get_and_mark();
        while (co_await rx.changed()) {
          const int now = rx.get_and_mark();
          expect(now > last, "never backwards, and never twice");
          last = now;
        }
        expect(rx.is_closed(), "the senders are gone");
        co_return last;
      }));
    }
    for (int i = 1; i <= 300; ++i) {
      tx.send(i);
      if (i % 10 == 0) co_await yield();
    }
    tx.reset();
    for (auto& receiver : receivers)
      expect(co_await receiver == 300, "the last value is seen");
  });
  CHECK(world.all_gone());
}

TEST_CASE("watch: what counts as seen", "[sdk][channel][watch]") {
  World world;
  auto [tx, rx] = watch::channel<std::string>("a");
  tx.send("b");
  CHECK(rx.has_changed());
  CHECK(rx.get() == "b");
  CHECK(rx.has_changed());
  auto copy = rx;
  auto later = tx.subscribe();
  CHECK(rx.get_and_mark() == "b");
  CHECK(!rx.has_changed());
  CHECK(copy.has_changed());
  CHECK(!later.has_changed());
  rx.mark_changed();
  CHECK(rx.has_changed());
  CHECK(rx.with([](const std::string& text) { return text.size(); }) == 1);
}

TEST_CASE("watch: modify, modify_if and replace", "[sdk][channel][watch]") {
  World world;
  auto [tx, rx] = watch::channel<int>(1);
  tx.modify([](int& value) { value += 4; });
  CHECK(rx.get_and_mark() == 5);
  CHECK(!tx.modify_if([](int&) { return false; }));
  CHECK(!rx.has_changed());
  CHECK(tx.modify_if([](int& value) {
    value = 6;
    return true;
  }));
  CHECK(rx.get_and_mark() == 6);
  CHECK(tx.replace(7) == 6);
  CHECK(rx.get() == 7);
  CHECK_THROWS_AS(tx.modify([](int&) { throw std::runtime_error("no"); }), std::runtime_error);
  CHECK(tx.get() == 7);
}

TEST_CASE("watch: without a receiver nothing is changed, but by replace", "[sdk][channel][watch]") {
  World world;
  auto [tx, rx] = watch::channel<int>(1);
  rx.reset();
  CHECK(tx.is_closed());
  auto kept = tx.try_send(2);
  REQUIRE(kept.is_closed());
  CHECK(kept.value() == 2);
  CHECK_THROWS_AS(tx.send(3), Closed);
  CHECK(tx.get() == 1);
  CHECK(tx.replace(4) == 1);
  auto again = tx.subscribe();
  CHECK(again.get() == 4);
  CHECK(!tx.is_closed());
}

TEST_CASE("watch: the sender hears when nobody watches", "[sdk][channel][watch]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [tx, rx] = watch::channel<int>(1);
    auto other = tx.subscribe();
    auto watcher = spawn([tx = tx]() -> Task<> { co_await tx.closed(); });
    co_await let_others_run();
    rx.reset();
    expect(!(co_await timeout(1ms, tx.closed())), "one is left");
    other.reset();
    co_await watcher;
  });
}

TEST_CASE("watch: waiting for a value", "[sdk][channel][watch]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    auto [tx, rx] = watch::channel<int>(1);
    expect(co_await rx.wait_for([](int value) { return value == 1; }) == 1, "it is there");
    spawn([tx = std::move(tx)]() -> Task<> {
      for (int i = 2; i < 10; ++i) {
        tx.send(i);
        co_await sleep(1ms);
      }
    }).detach();
    expect(co_await rx.wait_for([](int value) { return value >= 5; }) >= 5, "it comes");
    expect(!(co_await rx.wait_for([](int value) { return value > 100; })), "it never came");
  });
  CHECK(world.all_gone());
}

TEST_CASE("watch: a wait that is cut does not take the change away",
          "[sdk][channel][watch][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  for (unsigned wakes = 0; wakes < 3; ++wakes) {
    world.run([wakes]() -> Task<> {
      auto [tx, rx] = watch::channel<int>(0);
      spawn([tx = tx]() -> Task<> {
        co_await let_others_run();
        tx.send(1);
      }).detach();
      const bool told = co_await cut_after(
          wakes, [](auto& from) -> Task<> { expect(co_await from.changed(), "a change"); }(rx));
      if (!told) expect(co_await rx.changed(), "it is told later");
      expect(rx.get() == 1 && !rx.has_changed(), "once");
    });
  }
  CHECK(world.all_gone());
}

}  // namespace ekiden::test
