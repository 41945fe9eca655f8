#include "tests/stress/tenant.hpp"

#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/blocking/blocking_pool.hpp"
#include "tests/stress/actor.hpp"

namespace ekiden::runtime::stress {

namespace {

using namespace std::chrono_literals;

// States of all slot classes, and some that are on the heap.
constexpr std::size_t kExtraBytes[] = {0, 0, 0, 100, 300, 700, 2000};

template <class Condition>
bool wait_for(std::chrono::steady_clock::time_point deadline, Condition condition) {
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

}  // namespace

std::shared_ptr<Tenant> Tenant::open(World& world, std::uint64_t task_limit) {
  std::shared_ptr<Tenant> tenant(new Tenant(world));
  const Status status = world.runtime.owner_open("tenant", task_limit, tenant->owner_);
  if (status == Status::kDraining) return nullptr;
  world.findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
  // The runtime may be shut down in between.
  return tenant->register_types() ? tenant : nullptr;
}

bool Tenant::register_types() {
  constexpr CancelMode kModes[] = {CancelMode::kOnePoll, CancelMode::kDropNow, CancelMode::kAsync};
  for (std::size_t i = 0; i < types_.size(); ++i) {
    TaskTypeSpec spec;
    spec.name = "actor" + std::to_string(i);
    spec.poll = Actor::poll_state;
    spec.drop = Actor::drop_state;
    spec.state_size = sizeof(Actor);
    spec.state_align = alignof(Actor);
    spec.cancel = kModes[i];
    const Status status = world_.runtime.type_register(owner_, spec, types_[i]);
    if (status == Status::kDraining) return false;
    world_.findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
  }
  return true;
}

Status Tenant::reserve(ActorPlan plan, Random& random, Reservation& out) {
  void* memory = nullptr;
  const std::size_t size = sizeof(Actor) + random.pick(kExtraBytes);
  const TypeId type = types_[random.below(types_.size())];
  const Status status = world_.runtime.reserve(owner_, type, size, 0, memory, out.task);
  if (status == Status::kOk) out.actor = new (memory) Actor(*this, std::move(plan));
  return status;
}

// The state's destructor is the spawner's business, and has to run before the slot goes.
void Tenant::discard(const Reservation& reservation) {
  reservation.actor->~Actor();
  const Status status = world_.runtime.discard(owner_, reservation.task);
  world_.findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
}

Handle Tenant::spawn(ActorPlan plan, const SpawnOptions& options, Random& random) {
  Reservation reservation;
  if (reserve(std::move(plan), random, reservation) != Status::kOk) return Handle();
  const Status status = world_.runtime.commit(owner_, reservation.task, options);
  if (status == Status::kOk) {
    // Its own board entry may be of a task that has ended by now, which is what boards are for.
    world_.show(reservation.task, random);
    return reservation.task;
  }
  const bool expected = status == Status::kFull || status == Status::kDraining;
  world_.findings.add_if(!expected, Fault::kUnexpectedStatus);
  discard(reservation);
  return Handle();
}

void Tenant::spawn_batch(std::size_t count, const SpawnOptions& options, Random& random) {
  std::vector<Reservation> reservations;
  std::vector<std::uint64_t> tasks;
  for (std::size_t i = 0; i < count; ++i) {
    Reservation reservation;
    if (reserve(ActorPlan{random.below(4), 0, nullptr}, random, reservation) != Status::kOk) break;
    reservations.push_back(reservation);
    tasks.push_back(reservation.task.bits());
  }
  std::size_t committed = 0;
  static_cast<void>(
      world_.runtime.commit_n(owner_, tasks.data(), tasks.size(), options, committed));
  for (std::size_t i = committed; i < reservations.size(); ++i)
    discard(reservations[i]);
}

void Tenant::forget_reservation() {
  void* memory = nullptr;
  Handle task;
  const TypeId type = types_[0];
  if (world_.runtime.reserve(owner_, type, 0, 0, memory, task) == Status::kOk) {
    forgotten_.fetch_add(1);
  }
}

bool Tenant::unload(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  Runtime& runtime = world_.runtime;
  runtime.owner_stop_admission(owner_);
  const auto force_at = std::chrono::steady_clock::now() + 5ms;
  const auto tasks_are_gone = [&] {
    runtime.owner_cancel_tasks(owner_, std::chrono::steady_clock::now() > force_at);
    return runtime.owner_ledger(owner_).tasks == forgotten_.load();
  };
  if (!wait_for(deadline, tasks_are_gone)) return false;
  const auto jobs_are_gone = [&] { return runtime.blocking().cancel_all(owner_) == 0; };
  if (!wait_for(deadline, jobs_are_gone)) return false;
  runtime.owner_close_resources(owner_);
  if (!wait_for(deadline, [&] { return runtime.owner_quiescent(owner_); })) return false;
  unloaded_.store(true);
  runtime.owner_close(owner_);
  return true;
}

}  // namespace ekiden::runtime::stress
