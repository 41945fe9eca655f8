#include "tests/unit/sdk/plugin_trial.hpp"

#include <ekiden/sdk.hpp>

#include <stdexcept>

namespace ekiden::test {

TrialCounts trial_counts;

namespace {

class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int>& count_;
};

class Trial : public Plugin {
 public:
  explicit Trial(std::string_view config) {
    Config settings(config);
    start_ = settings.text("start", "");
    run_ = settings.text("run", "");
    settings.finish();
  }

  void start() override {
    if (start_ == "throw") throw Error(EKD_E_OS, "no port is free");
    if (start_ == "standard") throw std::runtime_error("out of luck");
    if (start_ == "odd") throw 42;
  }

  Task<> run() override {
    if (run_.empty()) return {};
    return main();
  }

  Task<std::string> command(Command command) override {
    const Counted frame(trial_counts.frames);
    const std::string& method = command.method();
    if (method == "echo") co_return command.params();
    if (method == "nothing") co_return "";
    if (method == "sleep") {
      co_await sleep(std::chrono::hours(1));
      co_return "\"slept\"";
    }
    if (method == "timeout") {
      const bool in_time = co_await timeout(std::chrono::minutes(30), sleep(std::chrono::hours(1)));
      co_return in_time ? "\"in time\"" : "\"late\"";
    }
    if (method == "refuse") throw Error(-1234, "not on a Sunday");
    if (method == "standard") throw std::runtime_error("out of luck");
    if (method == "odd") throw 42;
    if (method == "progress") co_return co_await progress(command);
    if (method == "children") co_return co_await children();
    command.unknown("echo, nothing, …");
  }

 private:
  Task<> main() {
    const Counted frame(trial_counts.frames);
    if (run_ == "return") co_return;
    if (run_ == "throw") throw std::runtime_error("the main task has a bad day");
    if (run_ == "stubborn") {
      Notify never;
      co_await never.wait();
    }
    if (run_ == "tick") {
      Interval minute(now() + std::chrono::minutes(1), std::chrono::minutes(1));
      while (co_await stopping().run(minute.tick()))
        ++trial_counts.ticks;
    }
    co_await stopping().cancelled();
    // What takes several turns still has its time.
    for (int i = 0; i < 10; i++)
      co_await yield();
    ++trial_counts.run_ended;
  }

  // Tells how far it is every minute, until nobody waits any more.
  static Task<std::string> progress(Command& command) {
    int minutes = 0;
    while (command.progress("{\"minutes\":" + std::to_string(minutes) + "}") && minutes < 3) {
      co_await sleep(std::chrono::minutes(1));
      ++minutes;
    }
    co_return std::to_string(minutes);
  }

  static Task<std::string> children() {
    std::atomic<int> sum{0};
    co_await with_group([&sum](TaskGroup& group) -> Task<> {
      for (int i = 1; i <= 100; i++) {
        auto add = [&sum, i]() -> Task<> {
          co_await yield();
          sum += i;
        };
        group.spawn(std::move(add));
      }
      co_return;
    });
    co_return std::to_string(sum.load());
  }

  const Counted alive_{trial_counts.alive};
  std::string start_;
  std::string run_;
};

}  // namespace
}  // namespace ekiden::test

EKIDEN_PLUGIN(ekiden::test::Trial, "trial", "1.0.0")
