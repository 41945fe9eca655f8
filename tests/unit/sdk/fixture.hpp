// A runtime, a host and an instance, with the SDK bound to it: coroutines of this program run as
// its tasks.
#pragma once

#include <ekiden/sdk/detail/scope.hpp>
#include <ekiden/sdk/spawn.hpp>

#include <catch2/catch.hpp>

#include <future>
#include <utility>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::test {

using daemon::test::eventually;
using daemon::test::kPatience;

class World {
 public:
  explicit World(unsigned workers = 2) : World(daemon::test::Daemon::options(workers)) {}
  explicit World(const runtime::Options& options) : daemon_(options), plugin_(daemon_, "sdk_test") {
    bind(plugin_.ctx, *daemon_.host->table());
  }

  ~World() {
    // What runs on is cancelled with the instance, and the SDK's memory goes with it.
    if (tasks() == 0) unbind();
  }

  // Runs it as a task of its own and waits for its end. What it throws comes out here.
  template <class T>
  T run(Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    spawn(deliver(std::move(task), promise)).detach();
    if (future.wait_for(kPatience) != std::future_status::ready) die("a task did not end");
    return future.get();
  }
  template <class F>
  requires std::invocable<F&>
  auto run(F make) { return run(make()); }

  // Tasks that live; the one that asks counts too.
  std::uint64_t tasks() { return daemon_.runtime.live_tasks(daemon_.host->owner(plugin_.ctx)); }
  bool all_gone() {
    return eventually([&] { return tasks() == 0; });
  }
  daemon::test::Plugin& plugin() { return plugin_; }
  daemon::test::Daemon& daemon() { return daemon_; }

 private:
  template <class T>
  static Task<> deliver(Task<T> task, std::promise<T>& promise) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await task;
        promise.set_value();
      } else {
        promise.set_value(co_await task);
      }
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }
  [[noreturn]] static void die(const char* what);

  daemon::test::Daemon daemon_;
  daemon::test::Plugin plugin_;
};

// Cancels what it runs at the n-th turn of its task, which goes on turning meanwhile: with n from 0
// on, at every point where that is suspended. Gives whether it ended before.
class CutWait final : public detail::Scope {
 public:
  CutWait(unsigned turns, Task<> task) : turns_(turns), part_(std::move(task)) {}
  CutWait(CutWait&&) = default;

  bool begin() noexcept override {
    start(part_);
    return is_over() || turn();
  }
  bool poll() noexcept override { return seen_ <= turns_ && turn(); }
  bool result() {
    if (part_.ended()) part_.outcome().get();
    return part_.ended();
  }

 private:
  bool turn() noexcept {
    if (seen_++ < turns_) {
      core().request_yield();
      return false;
    }
    cancel_parts();
    return is_over();
  }
  void cancel_parts() noexcept override { Scope::cancel(part_); }
  void part_ended(detail::PartBase&, bool) noexcept override {}

  const unsigned turns_;
  unsigned seen_ = 0;
  detail::Part<void> part_;
};

// co_await: true where the task ended before its n-th turn.
inline CutWait cut_after(unsigned turns, Task<> task) { return {turns, std::move(task)}; }

// The turn to try behind this one: one by one where there is much to meet, then in growing steps,
// for what only time ends goes on for many turns.
inline constexpr unsigned kTurnMax = 1u << 26;
inline unsigned next_turn(unsigned turn) { return turn < 50 ? turn + 1 : turn + turn / 4; }

// Counts what is alive of it: for what must be destroyed when a wait is cancelled.
class Alive {
 public:
  explicit Alive(std::atomic<int>& count) : count_(&count) { ++*count_; }
  Alive(Alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  ~Alive() {
    if (count_ != nullptr) --*count_;
  }

 private:
  std::atomic<int>* count_;
};

}  // namespace ekiden::test
