// One owner with its types: what a plugin is to the daemon. Opened, used by anybody, and unloaded
// while others go on.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>

#include "tests/stress/world.hpp"

namespace ekiden::runtime::stress {

class Actor;
struct ActorPlan;

class Tenant {
 public:
  // Null when the runtime takes no new owner.
  static std::shared_ptr<Tenant> open(World& world, std::uint64_t task_limit);

  World& world() { return world_; }
  OwnerId owner() const { return owner_; }

  // Spawns an actor; any thread. Null when it was refused; its plan is gone then, too.
  Handle spawn(ActorPlan plan, const SpawnOptions& options, Random& random);
  // Some at once; those that are refused are discarded.
  void spawn_batch(std::size_t count, const SpawnOptions& options, Random& random);
  // Takes a slot and does nothing with it: the unload has to.
  void forget_reservation();

  // The unload, step by step as the daemon does it. False: something of it did not go in time.
  bool unload(std::chrono::seconds limit);
  // Its code is mapped; called by whatever runs as its code.
  void check_loaded() { world_.findings.add_if(unloaded_.load(), Fault::kCodeRunsAfterUnload); }

 private:
  struct Reservation {
    Handle task;
    Actor* actor = nullptr;
  };

  explicit Tenant(World& world) : world_(world) {}
  bool register_types();
  Status reserve(ActorPlan plan, Random& random, Reservation& out);
  void discard(const Reservation& reservation);

  World& world_;
  OwnerId owner_ = kRuntimeOwner;
  std::array<TypeId, 3> types_{};  // one a way to be cancelled
  std::atomic<std::uint64_t> forgotten_{0};
  std::atomic<bool> unloaded_{false};
};

}  // namespace ekiden::runtime::stress
