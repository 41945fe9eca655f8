#include "tests/stress/round.hpp"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tests/stress/actor.hpp"
#include "tests/stress/outsiders.hpp"

namespace ekiden::runtime::stress {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kPatience = 60s;

Options some_options(const RoundPlan& plan, Random& random) {
  Options options;
  options.workers = plan.workers;
  options.local_queue_capacity = random.pick({4, 8, 256});
  options.global_queue_capacity = random.pick({64, 1000, 1'048'576});
  options.global_queue_interval = random.pick({0, 0, 1, 61});
  options.event_interval = random.pick({1, 61, 1000});
  options.lifo_slot = !random.one_in(4);
  options.poll_budget = random.pick({1, 16, 128});
  options.stall_report_ns = random.pick({10 * kNanosPerMilli, 50 * kNanosPerMilli});
  options.stall_replace_ns = random.pick({10 * kNanosPerMilli, 200 * kNanosPerMilli});
  options.stall_replace_max = random.pick({0u, 1u, plan.workers, 3 * plan.workers});
  options.blocking_threads_max = random.pick({1, 4});
  options.blocking_queue_capacity = random.pick({2, 64});
  options.blocking_keep_alive_ns = random.pick({kNanosPerMilli, kNanosPerSecond});
  return options;
}

std::string number(const char* what, std::uint64_t value) {
  return std::string(what) + std::to_string(value) + "; ";
}

class Round {
 public:
  Round(const RoundPlan& plan, std::uint64_t seed)
      : plan_(plan), random_(seed), world_(some_options(plan, random_), random_.next()) {}

  std::string run() {
    world_.runtime.start();
    for (unsigned i = 0; i < plan_.tenants; ++i)
      open_tenant();
    {
      Outsiders outsiders(world_, plan_.outsiders);
      live();
      if (plan_.wind_down) wind_down();
      // The outsiders go on while it shuts down: refused, and without harm.
      shut_down();
    }
    check_leaks();
    return problems_ + world_.findings.text();
  }

 private:
  void open_tenant() {
    const std::uint64_t task_limit = random_.one_in(3) ? 50 : 0;
    auto tenant = Tenant::open(world_, task_limit);
    if (tenant == nullptr) return;
    world_.join(tenant);
    tenants_.push_back(std::move(tenant));
  }

  void live() {
    const auto until = steady_clock::now() + plan_.lasts;
    while (steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_.below(3000)));
      if (plan_.churn) replace_tenant();
    }
  }

  void replace_tenant() {
    if (tenants_.empty()) return;
    const std::shared_ptr<Tenant> tenant = tenants_.front();
    tenants_.erase(tenants_.begin());
    if (random_.one_in(3)) tenant->forget_reservation();
    // Sometimes others still spawn for it while it goes.
    const bool in_use = random_.one_in(2);
    if (!in_use) world_.leave(tenant.get());
    if (!tenant->unload(kPatience)) problems_ += "a tenant did not go; " + what_is_left();
    world_.leave(tenant.get());
    open_tenant();
  }

  void wind_down() {
    world_.winding_down.store(true);
    const auto deadline = steady_clock::now() + kPatience;
    // Results that outsiders have left behind are nobody's to wait for.
    while (unfinished() != 0) {
      if (steady_clock::now() > deadline) {
        problems_ += "tasks wait for what has come already (a lost wake): " + what_is_left();
        return;
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  std::size_t unfinished() const {
    const auto rows = world_.runtime.list_tasks(std::nullopt, Handle(), 100'000);
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [](const TaskInfo& row) {
          return row.state != TaskState::kEnded && row.state != TaskState::kReserved;
        }));
  }

  void shut_down() {
    const Nanos deadline = world_.runtime.now_ns() + 60 * kNanosPerSecond;
    for (const Straggler& each : world_.runtime.shutdown(deadline)) {
      problems_ += "did not return: " + each.what + "; ";
    }
  }

  void check_leaks() {
    const auto differ = [&](const char* what, std::uint64_t made, std::uint64_t ended) {
      if (made != ended) problems_ += number(what, made) + number("ended ", ended);
    };
    differ("states made ", world_.states_made, world_.states_ended);
    differ("jobs made ", world_.jobs_made, world_.jobs_ended);
    if (world_.runtime.live_tasks() != 0) problems_ += "live tasks after the end; ";
    for (const auto& tenant : tenants_) {
      if (!world_.runtime.owner_quiescent(tenant->owner())) problems_ += "a ledger is not empty; ";
    }
    if (world_.open_pairs != 0) problems_ += "descriptors are left; ";
  }

  std::string what_is_left() const {
    std::string text;
    int rows = 0;
    for (const TaskInfo& row : world_.runtime.list_tasks(std::nullopt, Handle(), 100'000)) {
      if (row.state == TaskState::kEnded || ++rows > 10) continue;
      text += row.type + " in state " + std::to_string(static_cast<int>(row.state)) + " after " +
              std::to_string(row.polls) + " polls";
      if (row.cancelled) text += ", cancelled";
      if (row.waits_on)
        text += ", on kind " + std::to_string(static_cast<int>(row.waits_on->kind()));
      text += "; ";
    }
    for (const WorkerInfo& row : world_.runtime.list_workers())
      text += row.state + "; ";
    return number("unfinished ", unfinished()) + text;
  }

  const RoundPlan plan_;
  Random random_;
  World world_;
  std::vector<std::shared_ptr<Tenant>> tenants_;
  std::string problems_;
};

}  // namespace

std::string run_round(const RoundPlan& plan, std::uint64_t seed) { return Round(plan, seed).run(); }

}  // namespace ekiden::runtime::stress
