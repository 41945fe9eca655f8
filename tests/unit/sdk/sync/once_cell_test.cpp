#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

TEST_CASE("a cell is filled once, and keeps its value where it is", "[sdk][sync][once_cell]") {
  World world;
  OnceCell<std::string> cell;
  CHECK(cell.get() == nullptr);
  CHECK(cell.set("one"));
  const std::string* const at = cell.get();
  CHECK(*at == "one");
  CHECK_FALSE(cell.set("two"));
  CHECK(cell.get() == at);
  const OnceCell<int> full(7);
  CHECK(*full.get() == 7);
}

TEST_CASE("one task makes the value, and all get that one", "[sdk][sync][once_cell]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    OnceCell<int> cell;
    std::atomic<int> made{0};
    auto make = [&]() -> Task<int> {
      co_await yield();
      co_return ++made;
    };
    std::vector<JoinHandle<int*>> tasks;
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(spawn([&]() -> Task<int*> {
        int& value = co_await cell.get_or_init(make);
        co_return &value;
      }));
    }
    for (auto& task : tasks)
      require(co_await task == cell.get(), "another value");
    require(made.load() == 1 && *cell.get() == 1, "made more than once");
  });
}

TEST_CASE("where the making fails or is cut off, the next makes it", "[sdk][sync][once_cell]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    OnceCell<int> cell;
    auto fails = []() -> Task<int> {
      co_await turns();
      throw std::runtime_error("no luck");
    };
    auto never = []() -> Task<int> {
      co_await sleep(1h);
      co_return 0;
    };
    auto tries = [&](auto make) -> Task<bool> {
      try {
        co_await cell.get_or_init(make);
      } catch (const std::runtime_error&) {
        co_return false;
      }
      co_return true;
    };
    auto right = []() -> Task<int> { co_return 3; };
    auto [cut, failed, made] =
        co_await join_all(timeout(2ms, tries(never)), tries(fails), tries(right));
    require(!cut && !failed && made && *cell.get() == 3, "another course");
  });
}

TEST_CASE("the making of a value may have a timeout, and compete", "[sdk][sync][once_cell]") {
  World world;
  world.run([]() -> Task<> {
    OnceCell<int> cell;
    auto never = []() -> Task<int> {
      co_await sleep(1h);
      co_return 0;
    };
    auto right = []() -> Task<int> { co_return 3; };
    require(!co_await timeout(1ms, cell.get_or_init(never)), "it was made");
    auto made = co_await timeout(1h, cell.get_or_init(right));
    require(made && &made->get() == cell.get(), "not the value in the cell");
    auto first = co_await race(cell.get_or_init(right), sleep(1h));
    require(&std::get<0>(first).get() == cell.get(), "not the value in the cell");
  });
}

TEST_CASE("a cell that is being filled cannot be set", "[sdk][sync][once_cell]") {
  World world;
  world.run([]() -> Task<> {
    OnceCell<int> cell;
    auto make = [&]() -> Task<int> {
      require(!cell.set(1), "it was set");
      co_return 2;
    };
    require(co_await cell.get_or_init(make) == 2, "another value");
  });
}

TEST_CASE("a cell destroys its value, and one that is empty nothing", "[sdk][sync][once_cell]") {
  World world;
  std::atomic<int> alive{0};
  {
    OnceCell<Alive> empty;
    OnceCell<Alive> cell;
    CHECK(cell.set(Alive(alive)));
    CHECK(alive.load() == 1);
  }
  CHECK(alive.load() == 0);
}

}  // namespace ekiden::test
