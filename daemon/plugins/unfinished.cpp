#include "daemon/plugins/unfinished.hpp"

#include <cstdio>
#include <vector>

#include "daemon/plugins/callback.hpp"
#include "daemon/plugins/holdings.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

using runtime::HandleKind;

// As the control plane shows it.
std::string number(runtime::Handle handle) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(handle.bits()));
  return text;
}

const char* kind_name(HandleKind kind) {
  switch (kind) {
    case HandleKind::kTask:
      return "task";
    case HandleKind::kTimer:
      return "timer";
    case HandleKind::kIo:
      return "descriptor";
    case HandleKind::kJob:
      return "job";
    case HandleKind::kSender:
      return "sender";
    case HandleKind::kReceiver:
      return "receiver";
    case HandleKind::kBuffer:
      return "buffer";
  }
  return "object";
}

std::string describe(const runtime::TaskInfo& task) {
  std::string text = "task " + number(task.id) + " (task type " + task.type + ") ";
  if (task.state == runtime::TaskState::kReserved) {
    return text + "is reserved and neither committed nor discarded";
  }
  text += "was asked to end and has not";
  if (task.waits_on) {
    text += std::string("; it waits for ") + kind_name(task.waits_on->kind()) + " " +
            number(*task.waits_on);
  }
  return text;
}

// Collects the parts of the sentence.
class Parts {
 public:
  void add(std::string part) {
    if (part.empty()) return;
    if (count_++ >= plugin_limits::kTasksNamedMax) return;
    if (!text_.empty()) text_ += "; ";
    text_ += part;
  }
  void count_more(std::uint64_t more) { count_ += more; }
  bool empty() const { return count_ == 0; }
  std::string take() const {
    if (count_ <= plugin_limits::kTasksNamedMax) return text_;
    return text_ + "; and " + std::to_string(count_ - plugin_limits::kTasksNamedMax) + " more";
  }

 private:
  std::string text_;
  std::uint64_t count_ = 0;
};

// Tasks that nobody polls and that have not ended all the same.
void add_waiting(const runtime::Runtime& runtime, runtime::OwnerId owner, Parts& parts) {
  const std::uint64_t live = runtime.owner_ledger(owner).tasks;
  const auto tasks = runtime.list_tasks(owner, {}, plugin_limits::kTasksNamedMax);
  for (const auto& task : tasks)
    parts.add(describe(task));
  if (live > tasks.size()) parts.count_more(live - tasks.size());
}

// Everything that is left, counted: "; left in all: 2 tasks of type parked, 1 timer made by …".
std::string left_text(runtime::Runtime& runtime, runtime::OwnerId owner) {
  const std::string tasks = tasks_text(live_types(runtime, owner));
  const std::string things = things_text(made_things(runtime, owner));
  if (tasks.empty() && things.empty()) return {};
  return "; left in all: " + tasks + (tasks.empty() || things.empty() ? "" : ", ") + things;
}

}  // namespace

namespace {

std::string name_of(const runtime::Straggler& straggler) {
  if (straggler.id.kind() == HandleKind::kJob) return "blocking job " + number(straggler.id);
  return "the poll of task " + number(straggler.id) + " (" + straggler.what + ")";
}

}  // namespace

std::string describe(const runtime::Straggler& straggler) {
  return name_of(straggler) + " has not returned for " + duration_text(straggler.for_ns);
}

std::string describe_returned(const runtime::Straggler& straggler) {
  return name_of(straggler) + " took " + duration_text(straggler.for_ns);
}

std::string describe_unfinished(runtime::Runtime& runtime, runtime::OwnerId owner,
                                const CallbackRunner& callbacks) {
  Parts parts;
  parts.add(callbacks.describe_running());
  for (const auto& straggler : runtime.owner_running(owner))
    parts.add(describe(straggler));
  if (parts.empty()) add_waiting(runtime, owner, parts);
  if (parts.empty()) parts.add("a thread has not left its code yet");
  return parts.take() + left_text(runtime, owner);
}

}  // namespace ekiden::daemon
