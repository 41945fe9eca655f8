// What has coroutines of its own: they are gone when it is, and a clean-up has run.
#include <ekiden/sdk/structured.hpp>
#include <ekiden/sdk/sync/event.hpp>
#include <ekiden/sdk/time.hpp>

#include "tests/unit/sdk/cancel/cases.hpp"

namespace ekiden::test {

namespace {

using namespace std::chrono_literals;

// What the coroutines of one run share.
struct Inside {
  // Waits for let_go(), in two steps.
  Task<> wait() {
    const Alive here(alive);
    co_await gate.wait();
    co_await yield();
  }

  Event gate;
  CancelSource source;
  std::atomic<int> alive{0};
  int begun = 0;
  int cleaned = 0;
};

template <Task<> (*kBody)(Inside&)>
class InsideScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await kBody(inside_); }
  void let_go() override { inside_.gate.set(); }
  Task<> check(Fate) override {
    if (inside_.alive.load() != 0) throw std::logic_error("a part goes on");
    if (inside_.begun != inside_.cleaned) throw std::logic_error("it was not cleaned up once");
    co_return;
  }

 private:
  Inside inside_;
};

Task<> in_timeout(Inside& in) { co_await timeout(1h, in.wait()); }
Task<> in_race(Inside& in) { co_await race(sleep(1h), in.wait(), in.wait()); }
Task<> in_join_all(Inside& in) { co_await join_all(in.wait(), yield(), in.wait()); }
Task<> in_token(Inside& in) { co_await in.source.token().run(in.wait()); }
Task<> in_group(Inside& in) {
  co_await with_group([&in](TaskGroup& group) -> Task<> {
    for (int i = 0; i < 3; ++i)
      group.spawn(in.wait());
    co_await in.wait();
  });
}
Task<> in_bounded_group(Inside& in) {
  co_await with_group(
      [&in](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 3; ++i)
          co_await group.spawn_when_room([&in] { return in.wait(); });
      },
      1);
}
Task<> in_fork(Inside& in) {
  co_await fork_n(4, [&in](std::size_t) { return in.wait(); });
}
Task<> in_cleanup(Inside& in) {
  ++in.begun;
  co_await with_cleanup(in.wait(), [&in]() -> Task<> {
    co_await yield();
    ++in.cleaned;
  });
}
Task<> in_all_of_them(Inside& in) {
  co_await timeout(1h, join_all(in_group(in), in_cleanup(in), race(in_fork(in), sleep(1h))));
}
Task<> at_ticks(Inside&) {
  Interval ticks(20us);
  for (int i = 0; i < 3; ++i)
    co_await ticks.tick();
}

}  // namespace

std::vector<CancelCase> structured_cancel_cases() {
  return {
      {"timeout", make_scenario<InsideScenario<in_timeout>>},
      {"race", make_scenario<InsideScenario<in_race>>},
      {"join_all", make_scenario<InsideScenario<in_join_all>>},
      {"a token's run", make_scenario<InsideScenario<in_token>>},
      {"with_group", make_scenario<InsideScenario<in_group>>},
      {"with_group, bounded", make_scenario<InsideScenario<in_bounded_group>>},
      {"fork", make_scenario<InsideScenario<in_fork>>},
      {"with_cleanup", make_scenario<InsideScenario<in_cleanup>>},
      {"all of them within one another", make_scenario<InsideScenario<in_all_of_them>>},
      {"interval", make_scenario<InsideScenario<at_ticks>>},
  };
}

}  // namespace ekiden::test
