// What belongs to a branch: task-local values, and the trace of its coroutines.
#include <ekiden/sdk/structured.hpp>
#include <ekiden/sdk/task_local.hpp>
#include <ekiden/sdk/time.hpp>
#include <ekiden/sdk/trace.hpp>

#include <stdexcept>
#include <string>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

const TaskLocal<int> number;
const TaskLocal<std::string> text;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

Task<int> read() { co_return number.get(); }
Task<int> read_later() {
  co_await yield();
  co_return co_await read();
}
Task<> add(int what) {
  number.get() += what;
  co_await yield();
}
Task<bool> is_bound() { co_return number.find() != nullptr; }

}  // namespace

TEST_CASE("a task-local value is seen by what is awaited under it", "[sdk][local]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    require(number.find() == nullptr, "bound by nobody");
    require(co_await number.with(3, read_later()) == 3, "another value");
    require(number.find() == nullptr, "it is still bound");
    auto outer = []() -> Task<> {
      require(co_await number.with(2, read_later()) == 2, "the outer one is not hidden");
      require(number.get() == 1, "the outer one is lost");
      require(co_await text.with("x", read()) == 1, "another key hides it");
      co_await add(4);
      require(number.get() == 5, "it cannot be changed");
    };
    co_await number.with(1, outer());
  });
  CHECK(number.find() == nullptr);
  CHECK_THROWS_AS(number.get(), Error);
}

TEST_CASE("branches see the values they were begun under, each its own", "[sdk][local]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto [a, b] = co_await join_all(number.with(1, read_later()), number.with(2, read_later()));
    require(a == 1 && b == 2, "one branch sees the other's");
    auto inner = []() -> Task<> {
      auto early = co_await timeout(1h, read_later());
      require(early && *early == 7, "a timeout hides it");
      require(std::get<0>(co_await race(read_later(), sleep(1h))) == 7, "a race hides it");
      const int seen = co_await with_group([](TaskGroup&) { return read_later(); });
      require(seen == 7, "a group hides it from its body");
    };
    co_await number.with(7, inner());
  });
}

TEST_CASE("tasks of their own see no values of others", "[sdk][local]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    auto inner = []() -> Task<> {
      require(!co_await spawn(is_bound()), "a spawned task sees it");
      for (bool bound : co_await fork_n<3>([](std::size_t) { return is_bound(); }))
        require(!bound, "a child of a fork sees it");
    };
    co_await number.with(7, inner());
  });
}

TEST_CASE("a value goes after what was cancelled under it", "[sdk][local][cancel]") {
  World world;
  std::atomic<int> alive{0};
  const TaskLocal<Alive> held;
  world.run([&]() -> Task<> {
    auto body = [&]() -> Task<> { co_await held.with(Alive(alive), sleep(1h)); };
    require(!co_await timeout(1ms, body()), "it has ended");
    require(alive.load() == 0, "the value is left");
  });
}

namespace {

Task<std::vector<std::string>> innermost() { co_return this_task::trace(); }
Task<std::vector<std::string>> middle() { co_return co_await innermost(); }
Task<std::vector<std::string>> outermost() { co_return *co_await timeout(1h, middle()); }

}  // namespace

TEST_CASE("a trace names the coroutines of the running branch, innermost first", "[sdk][trace]") {
  World world;
  const std::vector<std::string> lines = world.run(outermost());
  REQUIRE(lines.size() >= 3);
  CHECK(lines[0] == "innermost");
  CHECK_THAT(lines[1], Catch::StartsWith("middle (") && Catch::Contains("task_local_test.cpp:"));
  CHECK_THAT(lines[2], Catch::StartsWith("outermost ("));
  CHECK_THROWS_AS(this_task::trace(), Error);
}

}  // namespace ekiden::test
