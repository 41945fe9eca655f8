// A started runtime with one owner, whose tasks are C++ functions, and that ends each test with a
// leak check: every task that was spawned has been dropped, and nobody is stuck.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "runtime/runtime.hpp"

namespace ekiden::runtime::test {

using namespace std::chrono_literals;

// Every scheduler test runs over these.
inline constexpr unsigned kWorkerCounts[] = {1, 2, 3, 4, 8};

// Waits for a condition that other threads bring about; long enough for a loaded machine under a
// sanitizer. False when it did not come.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = 60s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(200us);
  }
  return true;
}

class Fixture {
 public:
  using Body = std::function<std::int32_t(PollContext&)>;
  struct State {
    Fixture* fixture;
    Body body;
  };

  explicit Fixture(unsigned workers) : Fixture(with_workers(workers)) {}
  explicit Fixture(const Options& options, std::uint64_t task_limit = 0,
                   const Clock& clock = SystemClock::instance())
      : runtime_(options, clock) {
    REQUIRE(runtime_.owner_open("test", task_limit, owner_) == Status::kOk);
    runtime_.start();
  }
  ~Fixture() {
    if (ended_) return;
    // What the tasks' functions refer to is gone already.
    leaving_ = true;
    CHECK(end().empty());
    CHECK(dropped() == constructed());
    CHECK(runtime_.live_tasks() == 0);
  }

  static Options with_workers(unsigned workers) {
    Options options;
    options.workers = workers;
    return options;
  }

  Runtime& runtime() { return runtime_; }
  OwnerId owner() const { return owner_; }

  // A type whose tasks carry a function. Main thread only.
  TypeId type(std::string name, CancelMode cancel = CancelMode::kOnePoll) {
    TaskTypeSpec spec;
    spec.name = std::move(name);
    spec.poll = [](void* state, PollContext* cx) {
      auto* typed = static_cast<State*>(state);
      return typed->fixture->leaving_ ? kPollReady : typed->body(*cx);
    };
    spec.drop = [](void* state) {
      auto* typed = static_cast<State*>(state);
      Fixture& fixture = *typed->fixture;
      typed->~State();
      fixture.dropped_.fetch_add(1);
    };
    spec.state_size = sizeof(State);
    spec.state_align = alignof(State);
    spec.cancel = cancel;
    TypeId id = 0;
    REQUIRE(runtime_.type_register(owner_, spec, id) == Status::kOk);
    return id;
  }

  // Any thread. Null when it was refused; then `why` (if given) says why.
  Handle spawn(TypeId type, Body body, const SpawnOptions& options = {}, Status* why = nullptr) {
    Handle task;
    State* state = nullptr;
    Status status = reserve(type, std::move(body), task, &state);
    if (status == Status::kOk) {
      status = runtime_.commit(owner_, task, options);
      if (status != Status::kOk) {
        state->~State();
        discard(task);
      }
    }
    if (why != nullptr) *why = status;
    return status == Status::kOk ? task : Handle();
  }

  Status reserve(TypeId type, Body body, Handle& task, State** state = nullptr) {
    void* memory = nullptr;
    const Status status = runtime_.reserve(owner_, type, 0, 0, memory, task);
    if (status != Status::kOk) return status;
    reserved_.fetch_add(1);
    State* made = new (memory) State{this, std::move(body)};
    if (state != nullptr) *state = made;
    return status;
  }

  // The state's destructor is the caller's business, but its memory is the runtime's.
  void discard(Handle task) {
    discarded_.fetch_add(1);
    static_cast<void>(runtime_.discard(owner_, task));
  }

  // For tests that let their tasks go at the end: those still refer to the test's variables.
  void wait_until_all_ended() {
    CHECK(eventually([&] { return runtime_.live_tasks() == 0; }));
  }

  std::vector<Straggler> end(std::chrono::milliseconds limit = 30s) {
    ended_ = true;
    return runtime_.shutdown(SystemClock::instance().now_ns() +
                             static_cast<Nanos>(std::chrono::nanoseconds(limit).count()));
  }

  std::uint64_t constructed() const { return reserved_.load() - discarded_.load(); }
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  Runtime runtime_;
  OwnerId owner_ = kRuntimeOwner;
  std::atomic<std::uint64_t> reserved_{0};
  std::atomic<std::uint64_t> discarded_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> leaving_{false};
  bool ended_ = false;
};

// Sleeps in a poll until it is let go: what a badly written task does.
class Gate {
 public:
  void open() {
    open_.store(true);
    open_.notify_all();
  }
  void pass() { open_.wait(false); }

 private:
  std::atomic<bool> open_{false};
};

}  // namespace ekiden::runtime::test
