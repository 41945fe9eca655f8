#include <ekiden/sdk/sync/event.hpp>
#include <ekiden/sdk/time.hpp>

#include "tests/unit/sdk/cancel/cases.hpp"

namespace ekiden::test {

namespace {

using namespace std::chrono_literals;

class SleepScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    const TimePoint begin = now();
    co_await sleep(100us);
    early_ = now() - begin < 100us;
  }
  Task<> check(Fate) override {
    if (early_) throw std::logic_error("it slept too little");
    co_await sleep(1us);
  }

 private:
  bool early_ = false;
};

class YieldScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    for (int i = 0; i < 3; ++i)
      co_await yield();
  }
  Task<> check(Fate) override { co_return; }
};

class JoinScenario final : public CancelScenario {
 public:
  Task<> prepare() override {
    child_ = spawn([this]() -> Task<int> {
      co_await gate_.wait();
      co_return 7;
    });
    co_return;
  }
  Task<> subject() override {
    value_ = co_await child_;
    co_await yield();
  }
  void let_go() override { gate_.set(); }
  Task<> check(Fate) override {
    if (value_ == 0) value_ = co_await child_;
    if (value_ != 7) throw std::logic_error("the value is lost");
  }

 private:
  Event gate_;
  JoinHandle<int> child_;
  int value_ = 0;
};

class SpawnScenario final : public CancelScenario {
 public:
  static void tune(runtime::Options& options) {
    options.local_queue_capacity = 4;
    options.global_queue_capacity = 16;
  }
  Task<> subject() override {
    fill_the_queues();
    auto makes = [this, here = Alive(alive_)]() -> Task<> {
      ++ran_;
      co_await yield();
    };
    auto child = co_await spawn_when_room(std::move(makes));
    spawned_ = true;
    co_await child;
  }
  Task<> check(Fate fate) override {
    // The child of one that was cut when it had spawned runs on.
    const TimePoint end = now() + kPatience / 2;
    while (alive_.load() != 0) {
      if (now() > end) throw std::logic_error("what the child captured is left");
      co_await yield();
    }
    if (ran_.load() != (spawned_ ? 1 : 0)) throw std::logic_error("the child is lost");
    if (fate == Fate::kEnded && !spawned_) throw std::logic_error("it ended without its child");
  }

 private:
  // On one worker nobody takes from them meanwhile.
  static void fill_the_queues() {
    for (int i = 0; i < 10'000; ++i) {
      auto made = try_spawn([]() -> Task<> { co_return; });
      if (!made) return;
      made->detach();
    }
  }

  std::atomic<int> alive_{0};
  std::atomic<int> ran_{0};
  bool spawned_ = false;
};

}  // namespace

std::vector<CancelCase> task_cancel_cases() {
  return {
      {"sleep", make_scenario<SleepScenario>},
      {"yield", make_scenario<YieldScenario>},
      {"join", make_scenario<JoinScenario>},
      {"spawn_when_room", make_scenario<SpawnScenario>, SpawnScenario::tune},
  };
}

}  // namespace ekiden::test
