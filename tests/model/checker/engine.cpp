#include "tests/model/checker/engine.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace ekiden::model {

Engine* Engine::running_ = nullptr;

void die(const char* text) {
  std::fprintf(stderr, "model checker: %s\n", text);
  std::abort();
}

Engine::Engine(const Options& options, const MakeModel& make, const Mutation* mutation)
    : options_(options), make_(make), mutation_(mutation) {}

// --- Runs ----------------------------------------------------------------------------------------

Result Engine::explore() {
  const std::clock_t begun = std::clock();
  result_.exhaustive = true;
  for (unsigned bound = 0; bound <= options_.preemptions && !result_.failure; ++bound) {
    result_.bounds_mattered = false;
    if (!search(bound)) result_.exhaustive = false;
    // More preemptions would bring nothing new.
    if (!result_.bounds_mattered) break;
  }
  at_random_ = true;
  choices_.begin_random(options_.seed);
  while (!result_.failure && result_.random_runs < options_.random_runs) {
    ++result_.random_runs;
    run_once();
  }
  result_.seconds = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  return result_;
}

// False: there would have been more.
bool Engine::search(unsigned preemptions) {
  preemptions_max_ = preemptions;
  choices_.begin_search();
  do {
    if (result_.runs == options_.runs_max) return false;
    ++result_.runs;
    run_once();
  } while (!result_.failure && choices_.next());
  return true;
}

void Engine::run_once() {
  choices_.rewind();
  memory_.forget_everything();
  locks_.clear();
  events_.clear();
  preemptions_ = stale_reads_ = steps_ = idle_turns_ = 0;
  current_ = 0;
  count_ = 1;
  threads_[0].knowledge = Knowledge{};
  threads_[0].knowledge.clock[0] = 1;
  threads_[0].state = State::kReady;
  threads_[0].fiber.start(&Engine::thread_main, this);
  running_ = this;
  Fiber::change(driver_, threads_[0].fiber);
  running_ = nullptr;
  result_.steps += steps_;
  result_.longest = std::max(result_.longest, steps_);
}

void Engine::thread_main(void* engine) {
  auto& self = *static_cast<Engine*>(engine);
  if (self.current_ == 0) {
    self.first_thread();
    Fiber::change(self.threads_[0].fiber, self.driver_);
  } else {
    self.other_thread(self.current_);
    self.end_thread();
  }
}

void Engine::first_thread() {
  model_ = make_();
  count_ = 1 + model_->threads();
  if (count_ > kThreadsMax) die("the model has more threads than kThreadsMax");
  for (unsigned thread = 1; thread < count_; ++thread) {
    Thread& it = threads_[thread];
    it.knowledge = threads_[0].knowledge;
    it.knowledge.clock[thread] = 1;
    it.state = State::kReady;
    it.ran_since_pause = it.goes_after = 0;
    it.fiber.start(&Engine::thread_main, this);
  }
  tick();
  // Until nobody can go on.
  block(State::kAsleep, nullptr);
  for (unsigned thread = 1; thread < count_; ++thread)
    threads_[0].knowledge.join(threads_[thread].knowledge);
  count_ = 1;
  model_->at_end();
  // What it is made of is taken down without being looked at.
  running_ = nullptr;
  model_.reset();
}

void Engine::other_thread(unsigned thread) { model_->run(thread - 1); }

void Engine::fail(Fault fault, std::string text) {
  Failure failure{fault, std::move(text), "", preemptions_, stale_reads_};
  for (const Event& event : events_)
    failure.trace += text_of(event);
  result_.failure = std::move(failure);
  // The model stays as it is: what its threads were in the middle of cannot be ended.
  static_cast<void>(model_.release());
  Fiber::change(mine().fiber, driver_);
  std::abort();
}

}  // namespace ekiden::model
