#include "daemon/control/runtime_access.hpp"

#include <utility>

#include "runtime/blocking/blocking_pool.hpp"
#include "runtime/channel/channels.hpp"
#include "runtime/reactor/reactor.hpp"

namespace ekiden::daemon::control {
namespace {

using runtime::Handle;
using runtime::JobState;
using runtime::Nanos;
using runtime::TaskInfo;
using runtime::WaitKind;

std::int64_t milliseconds_until(Nanos deadline_ns, Nanos now_ns) {
  // Unsigned arithmetic wraps, and the difference of two near times fits the sign.
  return static_cast<std::int64_t>(deadline_ns - now_ns) /
         static_cast<std::int64_t>(runtime::kNanosPerMilli);
}

}  // namespace

unsigned RuntimeAccess::workers() const { return runtime_.workers(); }

std::uint64_t RuntimeAccess::live_tasks() const { return runtime_.live_tasks(); }

std::vector<runtime::WorkerInfo> RuntimeAccess::list_workers() const {
  return runtime_.list_workers();
}

runtime::QueueInfo RuntimeAccess::queue_info() const { return runtime_.queue_info(); }

std::vector<runtime::ChannelInfo> RuntimeAccess::list_channels() const {
  return runtime_.channels().list();
}

std::vector<runtime::TypeInfo> RuntimeAccess::list_types() const { return runtime_.list_types(); }

runtime::TypeTimesSnapshot RuntimeAccess::type_times(runtime::TypeId type) const {
  return runtime_.type_times(type);
}

runtime::TypeTimesSnapshot RuntimeAccess::worker_times(unsigned worker) const {
  return runtime_.worker_times(worker);
}

runtime::TaskScan RuntimeAccess::begin_scan(runtime::TaskFilter filter, Handle after) const {
  return runtime_.begin_scan(std::move(filter), after);
}

void RuntimeAccess::scan_tasks(runtime::TaskScan& scan, std::size_t slots,
                               std::vector<runtime::TaskKey>& found) const {
  runtime_.scan_tasks(scan, slots, found);
}

std::optional<runtime::TaskInfo> RuntimeAccess::task_info(Handle task) const {
  return runtime_.task_info(task);
}

WaitFacts RuntimeAccess::describe_wait(const TaskInfo& task) const {
  WaitFacts facts;
  if (!task.waits_on) return facts;
  switch (task.wait_kind) {
    case WaitKind::kUnknown:
    case WaitKind::kChildren:
      break;
    case WaitKind::kTimer: {
      Nanos deadline_ns = runtime::kNever;
      if (runtime_.timer_describe(*task.waits_on, deadline_ns) && deadline_ns != runtime::kNever) {
        facts.deadline_in_ms = milliseconds_until(deadline_ns, runtime_.now_ns());
      }
      break;
    }
    case WaitKind::kIo:
      describe_source(task, facts);
      break;
    case WaitKind::kJoin:
      if (const auto joined = runtime_.task_info(*task.waits_on)) facts.task_type = joined->type;
      break;
    case WaitKind::kJob:
      describe_job(task, facts);
      break;
    case WaitKind::kChannel:
      describe_end(task, facts);
      break;
  }
  return facts;
}

// The direction is the one in which the task's waker lies. In neither: somebody else waits there
// now, and the newest waiter is the one that is woken.
void RuntimeAccess::describe_source(const TaskInfo& task, WaitFacts& facts) const {
  runtime::SourceInfo source;
  if (!runtime_.reactor().describe(*task.waits_on, source)) return;
  const bool reads = source.reader == task.id;
  const bool writes = source.writer == task.id;
  if (reads || writes) facts.direction = !writes ? "read" : !reads ? "write" : "both";
  if (source.descriptor >= 0) facts.descriptor = source.descriptor;
  facts.local_address = source.local_address;
  facts.peer_address = source.peer_address;
}

void RuntimeAccess::describe_job(const TaskInfo& task, WaitFacts& facts) const {
  const auto state = runtime_.blocking().state_of(task.owner, *task.waits_on);
  if (!state) return;
  switch (*state) {
    case JobState::kFree:
      break;
    case JobState::kQueued:
    case JobState::kWithdrawn:
      facts.job_state = "queued";
      break;
    case JobState::kRunning:
      facts.job_state = "running";
      break;
    case JobState::kDone:
    case JobState::kFailed:
    case JobState::kCancelled:
      facts.job_state = "ended";
      break;
  }
}

void RuntimeAccess::describe_end(const TaskInfo& task, WaitFacts& facts) const {
  const bool sends = task.waits_on->kind() == runtime::HandleKind::kSender;
  facts.direction = sends ? "send" : "receive";
  runtime::ChannelInfo channel;
  if (runtime_.channels().describe(*task.waits_on, channel)) facts.channel = channel.name;
}

runtime::Status RuntimeAccess::cancel_task(Handle task) { return runtime_.abort_any(task); }

}  // namespace ekiden::daemon::control
