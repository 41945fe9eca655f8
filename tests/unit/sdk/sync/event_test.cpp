#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

TEST_CASE("an event lets all through until it is reset", "[sdk][sync][event]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Event event;
    require(!event.is_set() && !event.reset(), "it is set by itself");
    event.set();
    event.set();
    require(event.is_set(), "it is not set");
    co_await event.wait();
    co_await event.wait();
    require(event.reset() && !event.is_set(), "it is not reset");
    require(!co_await timeout(1ms, event.wait()), "nobody waits for it");
    Event at_once(true);
    co_await at_once.wait();
  });
}

TEST_CASE("those who wait go on even where the event is reset at once", "[sdk][sync][event]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Event event;
    std::vector<Task<>> parts;
    for (int i = 0; i < 100; ++i)
      parts.push_back([](Event& e) -> Task<> { co_await e.wait(); }(event));
    auto drives = [&]() -> Task<> {
      event.set();
      event.reset();
      co_return;
    };
    parts.push_back(drives());
    require(co_await timeout(kPatience, join_all(std::move(parts))), "somebody waits still");
    auto made = event.wait();
    event.set();
    event.reset();
    co_await made;
  });
}

TEST_CASE("an event may be destroyed by who it let go", "[sdk][sync][event]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    for (int i = 0; i < 2000; ++i) {
      auto event = std::make_unique<Event>();
      spawn([&event = *event]() -> Task<> {
        event.set();
        co_return;
      }).detach();
      if (i % 2 == 0) co_await yield();
      co_await event->wait();
    }
  });
}

}  // namespace ekiden::test
