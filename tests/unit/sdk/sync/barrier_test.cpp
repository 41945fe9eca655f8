#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

TEST_CASE("a barrier for no task is refused", "[sdk][sync][barrier]") {
  World world;
  CHECK_THROWS_AS(Barrier(0), Error);
}

TEST_CASE("a barrier for one task lets it through, as the leader", "[sdk][sync][barrier]") {
  World world;
  world.run([]() -> Task<> {
    Barrier barrier(1);
    for (int i = 0; i < 3; ++i)
      require(co_await barrier.wait(), "not the leader");
  });
}

TEST_CASE("nobody passes before all have come, round by round, and one leads",
          "[sdk][sync][barrier]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  constexpr int kTasks = 100;
  constexpr int kRounds = 10;
  world.run([]() -> Task<> {
    Barrier barrier(kTasks);
    std::atomic<int> come{0};
    std::atomic<int> led{0};
    std::vector<JoinHandle<>> tasks;
    for (int i = 0; i < kTasks; ++i) {
      tasks.push_back(spawn([&]() -> Task<> {
        for (int round = 1; round <= kRounds; ++round) {
          ++come;
          if (co_await barrier.wait()) ++led;
          require(come.load() >= round * kTasks, "it passed too early");
        }
      }));
    }
    for (auto& task : tasks)
      co_await task;
    require(led.load() == kRounds, "not one leader a round");
  });
}

TEST_CASE("who is cut off before the round is full has not come", "[sdk][sync][barrier]") {
  World world(GENERATE(1u, 2u));
  world.run([]() -> Task<> {
    Barrier barrier(2);
    require(!co_await timeout(1ms, barrier.wait()), "it passed alone");
    require(!co_await timeout(1ms, barrier.wait()), "one who had gone was counted");
    auto [one, two] = co_await join_all(barrier.wait(), barrier.wait());
    require(!one && two, "the last to come leads");
  });
}

}  // namespace ekiden::test
