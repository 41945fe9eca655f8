#include <ekiden/testing.hpp>
#include <utility>

#include "daemon/testing/plugin_state.hpp"
#include "daemon/testing/world.hpp"

namespace ekiden::testing {

namespace {

// Of a list for people.
constexpr std::size_t kTasksMax = 100'000;

const char* state_name(runtime::TaskState state) {
  switch (state) {
    case runtime::TaskState::kReserved:
      return "reserved";
    case runtime::TaskState::kQueued:
      return "queued";
    case runtime::TaskState::kRunning:
      return "running";
    case runtime::TaskState::kWaiting:
      return "waiting";
    case runtime::TaskState::kEnded:
      return "ended";
  }
  return "";
}

const char* wait_name(runtime::WaitKind kind) {
  switch (kind) {
    case runtime::WaitKind::kUnknown:
      return "";
    case runtime::WaitKind::kTimer:
      return "timer";
    case runtime::WaitKind::kIo:
      return "io";
    case runtime::WaitKind::kJoin:
      return "join";
    case runtime::WaitKind::kJob:
      return "job";
    case runtime::WaitKind::kChildren:
      return "children";
    case runtime::WaitKind::kChannel:
      return "channel";
  }
  return "";
}

}  // namespace

Plugin::Plugin(std::shared_ptr<PluginState> state) : state_(std::move(state)) {}

const std::string& Plugin::name() const { return state_->name(); }

std::string Plugin::call(std::string_view method, std::string_view params_json) {
  return call_async(method, params_json).get();
}

Pending<std::string> Plugin::call_async(std::string_view method, std::string_view params_json) {
  return state_->call(method, params_json);
}

Unloaded Plugin::unload(std::chrono::nanoseconds within) { return unload_async(within).get(); }

Pending<Unloaded> Plugin::unload_async(std::chrono::nanoseconds within) {
  return state_->unload(within);
}

bool Plugin::is_loaded() const { return !state_->is_over(); }

Holdings Plugin::holdings() const {
  static_cast<void>(state_->world());
  const daemon::PluginRow row = state_->instance().row();
  Holdings holdings;
  holdings.tasks = row.tasks;
  holdings.timers = row.timers;
  holdings.descriptors = row.descriptors;
  holdings.jobs = row.jobs;
  holdings.calls = row.calls;
  holdings.memory_blocks = row.memory_blocks;
  holdings.memory_bytes = row.memory_bytes;
  return holdings;
}

std::vector<Task> Plugin::tasks() const {
  runtime::Runtime& runtime = state_->world().runtime();
  const runtime::OwnerId owner = state_->instance().owner();
  std::vector<Task> tasks;
  if (owner == runtime::kRuntimeOwner) return tasks;
  for (const runtime::TaskInfo& info : runtime.list_tasks(owner, {}, kTasksMax)) {
    tasks.push_back({info.id.bits(), info.type, info.name, state_name(info.state),
                     wait_name(info.wait_kind), info.polls, info.cancelled});
  }
  return tasks;
}

std::vector<LogLine> Plugin::logs() const {
  return state_->world().log().lines("plugin." + state_->name());
}

ekd_ctx* Plugin::ctx() const { return state_->instance().context(); }

}  // namespace ekiden::testing
