#include "tests/unit/control/support/fake_backends.hpp"

#include <algorithm>
#include <utility>

namespace ekiden::daemon::control::test {

using runtime::Handle;
using runtime::HandleKind;
using runtime::WaitKind;

runtime::TaskScan FakeRuntime::begin_scan(runtime::TaskFilter filter, Handle after) const {
  runtime::TaskScan scan;
  scan.filter = std::move(filter);
  scan.at = after;
  return scan;
}

void FakeRuntime::scan_tasks(runtime::TaskScan& scan, std::size_t slots,
                             std::vector<runtime::TaskKey>& found) const {
  constexpr std::uint64_t kNowSteps = 1'000'000;
  for (const runtime::TaskInfo& task : tasks_) {
    if (!scan.at.is_null() && task.id.index() <= scan.at.index()) continue;
    if (slots-- == 0) return;
    scan.at = task.id;
    ++scan.looked_at;
    if (!matches(scan.filter, task)) continue;
    found.push_back({task.id, kNowSteps - (task.age_ns >> 24), task.polls});
  }
  scan.done = true;
}

std::optional<runtime::TaskInfo> FakeRuntime::task_info(Handle task) const {
  for (const runtime::TaskInfo& known : tasks_) {
    if (known.id == task) return known;
  }
  return std::nullopt;
}

WaitFacts FakeRuntime::describe_wait(const runtime::TaskInfo& task) const {
  WaitFacts facts;
  switch (task.wait_kind) {
    case WaitKind::kTimer:
      facts.deadline_in_ms = 250;
      break;
    case WaitKind::kIo:
      facts.descriptor = 12;
      facts.direction = "read";
      facts.local_address = "127.0.0.1:7007";
      facts.peer_address = "127.0.0.5:4242";
      break;
    case WaitKind::kJob:
      facts.job_state = "running";
      break;
    case WaitKind::kChannel:
      facts.direction = "send";
      facts.channel = "echo.out";
      break;
    case WaitKind::kJoin:
      facts.task_type = "helper";
      break;
    default:
      break;
  }
  return facts;
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

void FakePlugins::reload(std::string name, PluginDone done) {
  log_.push_back("reload " + name);
  answer(name, done);
}

void FakePlugins::call(std::string name, std::string method, std::string params_json,
                       std::chrono::nanoseconds timeout, PluginDone done, PluginProgress progress) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  log_.push_back("call " + name + " " + method + " " + params_json + " " + std::to_string(ms));
  for (const std::string& json : progress_)
    static_cast<void>(progress(json));
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

runtime::TaskInfo waiting_task(std::uint32_t index, WaitKind kind, Handle on) {
  runtime::TaskInfo task;
  task.id = Handle(HandleKind::kTask, index, 1);
  task.owner = 1;
  task.type = "connection";
  task.age_ns = 1500 * runtime::kNanosPerMilli;
  task.polls = 7;
  task.wait_kind = kind;
  task.waits_on = on;
  task.waiting_ns = 40 * runtime::kNanosPerMilli;
  return task;
}

}  // namespace

FakeDaemon::FakeDaemon()
    : state("0.1.0", some_settings(), "/etc/ekiden.json", [this] { shutdowns.fetch_add(1); }) {
  runtime.workers_.resize(1);
  runtime.workers_[0].state = "parked";
  runtime.workers_[0].polls = 14;
  runtime.tasks_ = {waiting_task(3, WaitKind::kIo, Handle(HandleKind::kIo, 1, 1)),
                    waiting_task(4, WaitKind::kTimer, Handle(HandleKind::kTimer, 2, 1))};
  runtime.channels_.resize(1);
  runtime.channels_[0].name = "echo.out";
  runtime.channels_[0].capacity = 8;
  runtime.channels_[0].queued = 3;
  runtime.channels_[0].queued_bytes = 4096;
  runtime.types_.resize(1);
  runtime.types_[0].owner = 1;
  runtime.types_[0].name = "connection";
  runtime.types_[0].live = 2;
  runtime.types_[0].polls = 14;
  state.set_phase(Phase::kReady);
}

}  // namespace ekiden::daemon::control::test
