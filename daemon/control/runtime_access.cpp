#include "daemon/control/runtime_access.hpp"

#include "runtime/reactor/reactor.hpp"

namespace ekiden::daemon::control {
namespace {

using runtime::Handle;
using runtime::HandleKind;
using runtime::Nanos;

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

std::vector<runtime::TypeInfo> RuntimeAccess::list_types() const { return runtime_.list_types(); }

std::vector<runtime::TaskInfo> RuntimeAccess::list_tasks(std::optional<runtime::OwnerId> owner,
                                                         Handle after, std::size_t limit) const {
  return runtime_.list_tasks(owner, after, limit);
}

std::optional<runtime::TaskInfo> RuntimeAccess::task_info(Handle task) const {
  return runtime_.task_info(task);
}

WaitFacts RuntimeAccess::describe_wait(Handle on) const {
  WaitFacts facts;
  switch (on.kind()) {
    case HandleKind::kTask:
      facts.kind = "task";
      break;
    case HandleKind::kJob:
      facts.kind = "job";
      break;
    case HandleKind::kTimer: {
      facts.kind = "timer";
      Nanos deadline_ns = runtime::kNever;
      if (runtime_.timer_describe(on, deadline_ns) && deadline_ns != runtime::kNever) {
        facts.deadline_in_ms = milliseconds_until(deadline_ns, runtime_.now_ns());
      }
      break;
    }
    case HandleKind::kIo: {
      facts.kind = "io";
      runtime::SourceInfo source;
      if (!runtime_.reactor().describe(on, source)) break;
      if (source.descriptor >= 0) facts.descriptor = source.descriptor;
      facts.local_address = source.local_address;
      facts.peer_address = source.peer_address;
      break;
    }
  }
  return facts;
}

runtime::Status RuntimeAccess::cancel_task(Handle task) { return runtime_.abort_any(task); }

}  // namespace ekiden::daemon::control
