// What people see of tasks: one in full, and scans of all slots that stop at what a filter wants.
//
// A slot may be given to another task at any time. A reader takes the state word first, then the
// fields, then the word again: the same live generation on both sides means that they are one
// task's.

#include <algorithm>

#include "runtime/scheduler/inspect.hpp"
#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

namespace {

// How often a row is read again because the task was polled meanwhile.
constexpr int kReadAgain = 3;

// An active task is in a queue or in a poll. It has the mark of a runnable one from before it is
// queued until the poll begins.
TaskState task_state(const TaskHeader& task, Snapshot state) {
  if (state.is_reserved()) return TaskState::kReserved;
  if (state.is_complete()) return TaskState::kEnded;
  if (state.is_idle()) return TaskState::kWaiting;
  return task.is_marked_runnable() ? TaskState::kQueued : TaskState::kRunning;
}

// What a task that waits has noted. The word may hold other things than what a task waits on.
WaitKind wait_kind(Handle task, Handle on) {
  if (on.is_null()) return WaitKind::kUnknown;
  switch (on.kind()) {
    case HandleKind::kTask:
      return on == task ? WaitKind::kChildren : WaitKind::kJoin;
    case HandleKind::kTimer:
      return WaitKind::kTimer;
    case HandleKind::kIo:
      return WaitKind::kIo;
    case HandleKind::kJob:
      return WaitKind::kJob;
    case HandleKind::kSender:
    case HandleKind::kReceiver:
      return WaitKind::kChannel;
    default:
      return WaitKind::kUnknown;
  }
}

// Resolution 2^24 ns; 32 bits of it wrap after two years, as the difference does.
std::uint32_t age_steps(const TaskHeader& task, Nanos now) {
  const auto now_steps = static_cast<std::uint32_t>(now >> TaskHeader::kAgeShift);
  return now_steps - task.born.load(std::memory_order_relaxed);
}

Nanos age_of(const TaskHeader& task, Nanos now) {
  return static_cast<Nanos>(age_steps(task, now)) << TaskHeader::kAgeShift;
}

void read_wait(const TaskHeader& task, Nanos now, TaskInfo& info) {
  const Handle on = task.waits_on_handle();
  info.wait_kind = wait_kind(info.id, on);
  const bool is_object =
      info.wait_kind != WaitKind::kUnknown && info.wait_kind != WaitKind::kChildren;
  info.waits_on = is_object ? std::optional(on) : std::nullopt;
  info.waiting_ns.reset();
  if (const auto since = task.queue_next.since()) info.waiting_ns = now - std::min(now, *since);
}

// What changes from poll to poll. The last look is the one that counts, where they do not agree.
Snapshot read_moving_fields(const TaskHeader& task, Nanos now, TaskInfo& info) {
  Snapshot state = task.state.load();
  for (int i = 0; i < kReadAgain; ++i) {
    info.state = task_state(task, state);
    info.polls = task.polls.load(std::memory_order_relaxed);
    info.last_worker = task.last_worker.load(std::memory_order_relaxed);
    info.wait_kind = WaitKind::kUnknown;
    info.waits_on.reset();
    info.waiting_ns.reset();
    if (info.state == TaskState::kWaiting) read_wait(task, now, info);
    const Snapshot after = task.state.load();
    const bool same =
        after.bits() == state.bits() && task.polls.load(std::memory_order_relaxed) == info.polls;
    state = after;
    if (same) break;
  }
  return state;
}

}  // namespace

std::optional<TaskInfo> Scheduler::task_info(Handle handle) const {
  const TaskHeader* task = tasks_.find(handle);
  if (task == nullptr) return std::nullopt;
  const Snapshot before = task->state.load();
  if (!before.is_alive(handle.generation())) return std::nullopt;
  // acquire: pairs with the release in TaskTable::allocate(); see the last look below.
  const TaskType& type = *task->type.load(std::memory_order_acquire);
  const Nanos now = clock_.now_ns();
  TaskInfo info;
  info.id = handle;
  info.owner = type.owner.load(std::memory_order_relaxed);
  info.type = types_.name(type);
  tasks_.with_extra(*task, [&](const TaskExtra* extra) {
    if (extra != nullptr) info.name = extra->name;
  });
  info.cancelled = before.is_cancelled();
  info.age_ns = age_of(*task, now);
  info.children = task->children.load(std::memory_order_relaxed) & ~TaskHeader::kOwnShare;
  const Handle parent(task->parent.load(std::memory_order_relaxed));
  info.origin = origin_of(parent);
  if (!parent.is_null()) info.parent = parent;
  const Snapshot state = read_moving_fields(*task, now, info);
  // Another task may have moved in while we read.
  if (!state.is_alive(handle.generation())) return std::nullopt;
  return info;
}

std::vector<TaskInfo> Scheduler::list_tasks(std::optional<OwnerId> owner, Handle after,
                                            std::size_t limit) const {
  std::vector<TaskInfo> rows;
  const auto start = after.is_null() ? std::nullopt : std::optional(after.index());
  tasks_.walk(start, [&](TaskHeader& task, std::uint32_t index) {
    const Snapshot state = task.state.load();
    if (state.refs() == 0) return rows.size() < limit;
    if (owner && owner_of(task) != *owner) return true;
    if (rows.size() == limit) return false;
    if (auto row = task_info(Handle(HandleKind::kTask, index, state.generation()))) {
      rows.push_back(std::move(*row));
    }
    return true;
  });
  return rows;
}

// --- Scans -------------------------------------------------------------------------------------

TaskScan Scheduler::begin_scan(TaskFilter filter, Handle after) const {
  TaskScan scan;
  for (const TypeId id : filter.type.empty() ? std::vector<TypeId>() : types_.ids(filter.owner)) {
    if (types_.name(*types_.find(id)) == filter.type) scan.types.push_back(id);
  }
  // Nothing can be of a type that there is not.
  scan.done = !filter.type.empty() && scan.types.empty();
  scan.filter = std::move(filter);
  scan.at = after;
  return scan;
}

// The fields that a filter may ask for, read without a lock or a copy.
bool Scheduler::is_wanted(const TaskScan& scan, const std::vector<const TaskType*>& types,
                          const TaskHeader& task, Snapshot state, Nanos now) const {
  const TaskFilter& filter = scan.filter;
  // acquire: pairs with the release in TaskTable::allocate(), as in task_info().
  const TaskType* const type = task.type.load(std::memory_order_acquire);
  if (filter.owner && type->owner.load(std::memory_order_relaxed) != *filter.owner) return false;
  if (!filter.type.empty() && std::find(types.begin(), types.end(), type) == types.end()) {
    return false;
  }
  if (filter.state && task_state(task, state) != *filter.state) return false;
  if (filter.age_min_ns != 0 && age_of(task, now) < filter.age_min_ns) return false;
  if (task.polls.load(std::memory_order_relaxed) < filter.polls_min) return false;
  if (!filter.waits_on) return true;
  const Handle self(HandleKind::kTask, scan.at.index(), state.generation());
  return task_state(task, state) == TaskState::kWaiting &&
         wait_kind(self, task.waits_on_handle()) == *filter.waits_on;
}

void Scheduler::scan_tasks(TaskScan& scan, std::size_t slots, std::vector<TaskKey>& found) const {
  if (scan.done) return;
  std::vector<const TaskType*> types;
  for (const TypeId id : scan.types)
    types.push_back(types_.find(id));
  const Nanos now = clock_.now_ns();
  const auto start = scan.at.is_null() ? std::nullopt : std::optional(scan.at.index());
  bool more = false;
  tasks_.walk(start, [&](TaskHeader& task, std::uint32_t index) {
    more = slots == 0;
    if (more) return false;
    --slots;
    // Any generation but 0 will do: only the index counts.
    scan.at = Handle(HandleKind::kTask, index, 1);
    const Snapshot state = task.state.load();
    if (state.refs() == 0) return true;
    ++scan.looked_at;
    if (!is_wanted(scan, types, task, state, now)) return true;
    const TaskKey key{Handle(HandleKind::kTask, index, state.generation()),
                      (now >> TaskHeader::kAgeShift) - age_steps(task, now),
                      task.polls.load(std::memory_order_relaxed)};
    // Another task may have moved in while we read.
    if (task.state.load().is_alive(state.generation())) found.push_back(key);
    return true;
  });
  scan.done = !more;
}

}  // namespace ekiden::runtime
