#include "tests/unit/control/support/fake_backends.hpp"

#include <algorithm>

namespace ekiden::daemon::control::test {

using runtime::Handle;
using runtime::HandleKind;

std::vector<runtime::TaskInfo> FakeRuntime::list_tasks(std::optional<runtime::OwnerId> owner,
                                                       Handle after, std::size_t limit) const {
  std::vector<runtime::TaskInfo> found;
  for (const runtime::TaskInfo& task : tasks_) {
    if (owner && task.owner != *owner) continue;
    if (!after.is_null() && task.id.index() <= after.index()) continue;
    if (found.size() == limit) break;
    found.push_back(task);
  }
  return found;
}

std::optional<runtime::TaskInfo> FakeRuntime::task_info(Handle task) const {
  for (const runtime::TaskInfo& known : tasks_) {
    if (known.id == task) return known;
  }
  return std::nullopt;
}

WaitFacts FakeRuntime::describe_wait(Handle on) const {
  switch (on.kind()) {
    case HandleKind::kTimer:
      return {"timer", 250, {}, "", ""};
    case HandleKind::kIo:
      return {"io", {}, 12, "127.0.0.1:7007", "127.0.0.5:4242"};
    case HandleKind::kJob:
      return {"job", {}, {}, "", ""};
    case HandleKind::kTask:
      break;
  }
  return {"task", {}, {}, "", ""};
}

runtime::Status FakeRuntime::cancel_task(Handle task) {
  if (!task_info(task)) return runtime::Status::kStale;
  cancelled_.push_back(task);
  return runtime::Status::kOk;
}

FakePlugins::FakePlugins() {
  PluginRow echo;
  echo.name = "echo";
  echo.version = "1.0";
  echo.state = "running";
  echo.generation = 3;
  echo.tasks = 2;
  echo.owner = 1;
  echo.sha256 = std::string(64, 'a');
  echo.config_schema = R"({"type":"object"})";
  PluginRow broken;
  broken.name = "broken";
  broken.state = "refused";
  broken.error = "it is \x1b[31mred\xff";  // neither UTF-8 nor fit for a terminal
  rows_ = {broken, echo};
}

std::optional<PluginRow> FakePlugins::find(const std::string& name) const {
  for (const PluginRow& row : rows_) {
    if (row.name == name) return row;
  }
  return std::nullopt;
}

std::string FakePlugins::owner_plugin(runtime::OwnerId owner) const {
  for (const PluginRow& row : rows_) {
    if (row.owner == owner && owner != runtime::kRuntimeOwner) return row.name;
  }
  return {};
}

void FakePlugins::answer(const std::string& name, const PluginDone& done) const {
  const auto found = answers_.find(name);
  done(found != answers_.end()
           ? found->second
           : PluginResult{Outcome::kNotFound, "there is no plugin '" + name + "'", {}});
}

void FakePlugins::load(std::string name, PluginDone done) {
  log_.push_back("load " + name);
  answer(name, done);
}

void FakePlugins::unload(std::string name, PluginDone done) {
  log_.push_back("unload " + name);
  answer(name, done);
}

void FakePlugins::call(std::string name, std::string method, std::string params_json,
                       std::chrono::nanoseconds timeout, PluginDone done) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  log_.push_back("call " + name + " " + method + " " + params_json + " " + std::to_string(ms));
  answer(name, done);
}

namespace {

Settings some_settings() {
  Settings settings;
  settings.plugins.directory = "/plugins";
  settings.control.socket = "/run/socket";
  settings.state_directory = "/state";
  return settings;
}

runtime::TaskInfo waiting_task(std::uint32_t index, Handle on) {
  runtime::TaskInfo task;
  task.id = Handle(HandleKind::kTask, index, 1);
  task.owner = 1;
  task.type = "connection";
  task.age_ns = 1500 * runtime::kNanosPerMilli;
  task.polls = 7;
  task.waits_on = on;
  return task;
}

}  // namespace

FakeDaemon::FakeDaemon()
    : state("0.1.0", some_settings(), "/etc/ekiden.json", [this] { shutdowns.fetch_add(1); }) {
  runtime.workers_.resize(1);
  runtime.workers_[0].state = "parked";
  runtime.workers_[0].polls = 14;
  runtime.tasks_ = {waiting_task(3, Handle(HandleKind::kIo, 1, 1)),
                    waiting_task(4, Handle(HandleKind::kTimer, 2, 1))};
  runtime.types_.resize(1);
  runtime.types_[0].owner = 1;
  runtime.types_[0].name = "connection";
  runtime.types_[0].live = 2;
  runtime.types_[0].polls = 14;
  state.set_phase(Phase::kReady);
}

}  // namespace ekiden::daemon::control::test
