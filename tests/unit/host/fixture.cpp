#include "tests/unit/host/fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <utility>

namespace ekiden::daemon::test {

namespace {

Probe& probe_of(void* state) { return **static_cast<Probe**>(state); }

// A fixture that cannot be taken down would make every later test lie.
void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "fixture: " << what << std::endl;
  std::abort();
}

}  // namespace

extern "C" std::int32_t ekiden_test_probe_poll(void* state, ekd_cx* cx) {
  Probe& probe = probe_of(state);
  probe.polls.fetch_add(1);
  return probe.body(cx);
}

extern "C" void ekiden_test_probe_drop(void* state) { probe_of(state).drops.fetch_add(1); }

Plugin::Plugin(Daemon& daemon, const std::string& name, std::uint64_t task_limit)
    : daemon_(daemon) {
  require(daemon.host->open(name, 1, task_limit, ctx) == runtime::Status::kOk, "open failed");
  require(ekd_services_get(daemon.host->table(), &api, nullptr) == EKD_OK, "a service is missing");
  const ekd_task_type type = probe_type();
  require(api.task->type_register(ctx, &type, &probe_type_id, nullptr) == EKD_OK,
          "the probe's type was refused");
}

Plugin::~Plugin() {
  if (ctx != nullptr) require(unload(), "the instance could not be unloaded");
}

bool Plugin::unload() {
  const runtime::OwnerId owner = daemon_.host->owner(ctx);
  runtime::Runtime& runtime = daemon_.runtime;
  daemon_.host->stop_admission(ctx);
  const auto tasks_are_gone = [&] {
    runtime.owner_cancel_tasks(owner);
    return runtime.live_tasks(owner) == 0;
  };
  if (!eventually(tasks_are_gone)) return false;
  runtime.owner_close_resources(owner);
  if (!eventually([&] { return runtime.owner_quiescent(owner); })) return false;
  daemon_.host->retire(std::exchange(ctx, nullptr));
  return true;
}

ekd_task_type Plugin::probe_type(std::uint32_t cancel) {
  ekd_task_type type{};
  type.struct_size = sizeof(type);
  type.cancel = cancel;
  type.name = EKD_STR("probe");
  type.poll = ekiden_test_probe_poll;
  type.drop = ekiden_test_probe_drop;
  type.state_size = sizeof(Probe*);
  return type;
}

std::int32_t Plugin::spawn(Probe& probe, const ekd_spawn_options* options, ekd_task* out) {
  Probe* state = &probe;
  return api.task->spawn(ctx, probe_type_id, &state, sizeof(state), options, out);
}

bool Plugin::run(Probe::Body body) {
  Probe probe(std::move(body));
  if (spawn(probe) != EKD_OK) return false;
  const bool dropped = eventually([&] { return probe.drops.load() == 1; });
  require(dropped, "a probe did not end");
  return dropped;
}

runtime::Options Daemon::options(unsigned workers) {
  runtime::Options options;
  options.workers = workers;
  return options;
}

Daemon::Daemon(const runtime::Options& options)
    : runtime(options), host(std::make_unique<Host>(runtime)) {
  runtime.start();
}

Daemon::~Daemon() {
  host.reset();
  const auto stragglers =
      runtime.shutdown(runtime::saturating_add(runtime.now_ns(), 30 * runtime::kNanosPerSecond));
  require(stragglers.empty(), "the runtime did not shut down");
}

CapturedStderr::CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
  file_ = ::memfd_create("stderr", MFD_CLOEXEC);
  require(saved_ >= 0 && file_ >= 0, "the standard error cannot be captured");
  ::dup2(file_, STDERR_FILENO);
}

CapturedStderr::~CapturedStderr() {
  ::dup2(saved_, STDERR_FILENO);
  ::close(saved_);
  ::close(file_);
}

std::string CapturedStderr::text() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0;
       (n = ::pread(file_, buffer, sizeof(buffer), static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

std::size_t CapturedStderr::lines_with(const std::vector<std::string>& words) const {
  std::istringstream lines(text());
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    bool all = true;
    for (const std::string& word : words)
      all = all && line.find(word) != std::string::npos;
    count += all ? 1 : 0;
  }
  return count;
}

}  // namespace ekiden::daemon::test
