// What all actors, tenants and outside threads of one round share: the runtime, the counts for the
// leak check, and places to find each other.
//
//   World ──> Runtime
//     ├─────> Tenants (owners), each with types; their tasks are Actors, which wait in Waits
//     └─────> Outsiders (threads that are no workers)
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/runtime.hpp"
#include "tests/stress/findings.hpp"
#include "tests/stress/random.hpp"

namespace ekiden::runtime::stress {

class Tenant;

// A wake that somebody has asked a thread outside the workers for.
struct Favour {
  Waker waker;
  std::shared_ptr<std::atomic<bool>> done;
};

class World {
 public:
  World(const Options& options, std::uint64_t seed) : runtime(options), seeds_(seed) {}

  Runtime runtime;
  Findings findings;

  // Objects made and ended: task states (drop or discard), and arguments of jobs (run or drop).
  std::atomic<std::uint64_t> states_made{0};
  std::atomic<std::uint64_t> states_ended{0};
  std::atomic<std::uint64_t> jobs_made{0};
  std::atomic<std::uint64_t> jobs_ended{0};
  std::atomic<int> open_pairs{0};  // of descriptors; there are not so many of them

  // No more begins; what has begun ends by itself.
  std::atomic<bool> winding_down{false};

  std::uint64_t new_seed() { return seeds_.fetch_add(0x9e3779b97f4a7c15); }
  // Room for another task: a bound, roughly kept, so that a round can also be wound down.
  bool has_room() const {
    return !winding_down.load() && states_made.load() - states_ended.load() < kLiveMax;
  }

  // Tasks that were here some time ago, for those who wake and abort at random.
  void show(Handle task, Random& random) { board_[random.below(board_.size())] = task.bits(); }
  Handle somebody(Random& random) const { return Handle(board_[random.below(board_.size())]); }

  void ask(Favour favour) {
    const std::lock_guard lock(mutex_);
    favours_.push_back(std::move(favour));
  }
  std::vector<Favour> take_favours() {
    const std::lock_guard lock(mutex_);
    return std::exchange(favours_, {});
  }

  // The tenants that spawn now. The pointer keeps a tenant's memory, not its owner.
  void join(std::shared_ptr<Tenant> tenant) {
    const std::lock_guard lock(mutex_);
    tenants_.push_back(std::move(tenant));
  }
  void leave(const Tenant* tenant) {
    const std::lock_guard lock(mutex_);
    std::erase_if(tenants_, [&](const auto& each) { return each.get() == tenant; });
  }
  std::shared_ptr<Tenant> some_tenant(Random& random) const {
    const std::lock_guard lock(mutex_);
    return tenants_.empty() ? nullptr : tenants_[random.below(tenants_.size())];
  }

 private:
  static constexpr std::uint64_t kLiveMax = 2000;

  std::atomic<std::uint64_t> seeds_;
  std::array<std::atomic<std::uint64_t>, 256> board_{};
  mutable std::mutex mutex_;
  std::vector<Favour> favours_;
  std::vector<std::shared_ptr<Tenant>> tenants_;
};

}  // namespace ekiden::runtime::stress
