#include "daemon/testing/plugin_state.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "daemon/host/json_check.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/testing/world.hpp"

namespace ekiden::testing {

namespace {

runtime::Nanos from_now(std::chrono::nanoseconds duration) {
  const auto ns = std::max<std::chrono::nanoseconds::rep>(duration.count(), 0);
  return runtime::saturating_add(daemon::steady_now_ns(), static_cast<runtime::Nanos>(ns));
}

daemon::PluginSetting setting_with(std::string config) {
  daemon::PluginSetting setting;
  setting.config = std::move(config);
  return setting;
}

// The instance puts the plugin's name in front, which its test knows.
std::string without_name(std::string text, const std::string& name) {
  const std::string prefix = "'" + name + "': ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

detail::Ended<std::string> ended_call(daemon::PluginResult result, const std::string& name) {
  if (result.outcome == daemon::Outcome::kOk) {
    return {result.json.empty() ? "null" : std::move(result.json), 0, {}};
  }
  const std::int32_t code = result.code < 0 ? result.code : EKD_E_WRONG_STATE;
  return {std::nullopt, code, without_name(std::move(result.message), name)};
}

void add(std::vector<Left>& rows, const char* kind, std::uint64_t count, std::uint64_t bytes = 0) {
  if (count > 0) rows.push_back({kind, {}, count, bytes});
}

Unloaded unloaded_of(const daemon::RetirementReport& report) {
  Unloaded unloaded;
  for (const auto& [type, count] : report.cancelled)
    unloaded.cancelled.push_back({"task", type, count, 0});
  for (const auto& [kind, made_by, count] : report.leaked)
    unloaded.leaked.push_back({kind, made_by, count, 0});
  add(unloaded.leaked, "memory block", report.leaked_blocks, report.leaked_bytes);
  add(unloaded.leaked, "call", report.unanswered_calls);
  add(unloaded.leaked, "thread", report.own_threads);
  unloaded.drain_problem = report.drain_problem;
  return unloaded;
}

}  // namespace

PluginState::PluginState(World& world, Origin origin, std::uint32_t generation, std::string config)
    : world_(&world),
      origin_(std::move(origin)),
      surroundings_(world.surroundings(origin_.folder)),
      instance_(std::make_shared<daemon::Instance>(
          surroundings_, origin_.name, generation, setting_with(std::move(config)),
          // Its thread is joined when the harness ends.
          [](const std::shared_ptr<daemon::Instance>&, daemon::Outcome) {})) {
  if (origin_.own) origin_.linked = &*origin_.own;
}

World& PluginState::world() const {
  if (world_ == nullptr) {
    throw Error("the harness of '" + origin_.name +
                "' is gone; it has to outlive the plugin's use");
  }
  return *world_;
}

void PluginState::load(daemon::PluginDone done) {
  daemon::LoadPlan plan;
  plan.linked = origin_.linked;
  instance_->load(std::move(plan), std::move(done));
}

Pending<std::string> PluginState::call(std::string_view method, std::string_view params) {
  if (!params.empty()) {
    if (const std::string fault = daemon::host::find_json_fault(params); !fault.empty()) {
      throw Error("the parameters for '" + std::string(method) + "' " + fault);
    }
  }
  const auto promise = std::make_shared<std::promise<detail::Ended<std::string>>>();
  Pending<std::string> answer(promise->get_future());
  instance_->call(
      std::string(method), std::string(params), from_now(world().options().patience),
      [promise, name = origin_.name](daemon::PluginResult result) {
        promise->set_value(ended_call(std::move(result), name));
      },
      nullptr);
  return answer;
}

Pending<Unloaded> PluginState::unload(std::chrono::nanoseconds within) {
  if (is_over()) throw Error("'" + origin_.name + "' is unloaded already");
  const auto promise = std::make_shared<std::promise<detail::Ended<Unloaded>>>();
  Pending<Unloaded> unloaded(promise->get_future());
  instance_->unload(from_now(within),
                    [promise, instance = instance_](const daemon::PluginResult& result) {
                      if (result.outcome == daemon::Outcome::kOk) {
                        promise->set_value({unloaded_of(instance->report()), 0, {}});
                      } else {
                        promise->set_value({std::nullopt, 0, result.message});
                      }
                    });
  return unloaded;
}

void PluginState::end() {
  instance_->join();
  world_ = nullptr;
}

}  // namespace ekiden::testing
