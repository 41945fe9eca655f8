// A task of the stress tests: takes a number of random steps and ends in a random way. Its state
// lives in the task's slot. Each step may wait for something; what it waits for is certain to come,
// so a task that stands still when everything winds down has lost a wake.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "tests/stress/tenant.hpp"
#include "tests/stress/wait.hpp"

namespace ekiden::runtime::stress {

struct ActorPlan {
  std::uint64_t steps = 1;
  unsigned depth = 0;          // of tasks that it may spawn and wait for
  std::unique_ptr<Wait> wait;  // to begin with; may be null
};

class Actor {
 public:
  Actor(Tenant& tenant, ActorPlan plan);
  ~Actor();
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // The runtime's side. `state` is an Actor.
  static std::int32_t poll_state(void* state, PollContext* context);
  static void drop_state(void* state);

  Tenant& tenant() { return tenant_; }
  World& world() { return tenant_.world(); }
  Runtime& runtime() { return world().runtime; }
  OwnerId owner() const { return tenant_.owner(); }
  Random& random() { return random_; }
  unsigned depth() const { return depth_; }

  // Children may point into their parent's state: it has to stay until the last of them is dropped.
  std::atomic<int>& living_children() { return living_children_; }
  void set_parent(Actor* parent) { parent_ = parent; }

  // What a joiner finds after READY.
  bool result_is_right() const { return alive_ == kAlive && result_ == expected_result(); }

 private:
  static constexpr std::uint64_t kAlive = 0x616c697665212121;

  std::int32_t poll(PollContext& context);
  std::int32_t step(PollContext& context);
  std::int32_t end();
  std::unique_ptr<Wait> begin_wait();
  std::uint64_t expected_result() const { return name_ * 31 + 7; }

  std::uint64_t alive_ = kAlive;
  Tenant& tenant_;
  Random random_;
  const std::uint64_t name_;
  std::uint64_t result_ = 0;
  std::uint64_t steps_;
  const unsigned depth_;
  std::unique_ptr<Wait> wait_;
  Actor* parent_ = nullptr;
  std::atomic<int> living_children_{0};
  std::atomic<bool> polled_{false};
};

}  // namespace ekiden::runtime::stress
