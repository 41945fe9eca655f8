#include "runtime/scheduler/inspect.hpp"

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

namespace {

TaskState task_state(Snapshot state) {
  if (state.is_reserved()) return TaskState::kReserved;
  if (state.is_complete()) return TaskState::kEnded;
  if (state.is_running()) return TaskState::kRunning;
  return state.is_notified() ? TaskState::kQueued : TaskState::kWaiting;
}

const char* phase_name(Worker::Phase phase) {
  switch (phase) {
    case Worker::Phase::kRunning:
      return "running";
    case Worker::Phase::kSearching:
      return "searching";
    case Worker::Phase::kAsleep:
      return "parked";
    case Worker::Phase::kReactor:
      return "reactor";
    case Worker::Phase::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::uint64_t read(const Counter& counter) { return counter.load(std::memory_order_relaxed); }

// Resolution 2^24 ns; 32 bits of it wrap after two years, as the difference does.
Nanos age_of(const TaskHeader& task, Nanos now) {
  const auto now_steps = static_cast<std::uint32_t>(now >> TaskHeader::kAgeShift);
  const std::uint32_t age = now_steps - task.born.load(std::memory_order_relaxed);
  return static_cast<Nanos>(age) << TaskHeader::kAgeShift;
}

}  // namespace

std::optional<TaskInfo> Scheduler::task_info(Handle handle) const {
  const TaskHeader* task = tasks_.find(handle);
  if (task == nullptr) return std::nullopt;
  const Snapshot before = task->state.load();
  if (!before.is_alive(handle.generation())) return std::nullopt;
  // acquire: pairs with the release in TaskTable::allocate(); see the last look below.
  const TaskType& type = *task->type.load(std::memory_order_acquire);
  TaskInfo info;
  info.id = handle;
  info.owner = type.owner.load(std::memory_order_relaxed);
  info.type = types_.name(type);
  tasks_.with_extra(*task, [&](const TaskExtra* extra) {
    if (extra != nullptr) info.name = extra->name;
  });
  info.state = task_state(before);
  info.cancelled = before.is_cancelled();
  info.age_ns = age_of(*task, clock_.now_ns());
  info.polls = task->polls.load(std::memory_order_relaxed);
  info.last_worker = task->last_worker.load(std::memory_order_relaxed);
  const Handle waits_on(task->waits_on.load(std::memory_order_relaxed));
  if (info.state == TaskState::kWaiting && !waits_on.is_null()) info.waits_on = waits_on;
  info.parent = Handle(task->parent.load(std::memory_order_relaxed));
  // Another task may have moved in while we read.
  if (!task->state.load().is_alive(handle.generation())) return std::nullopt;
  return info;
}

// The task whose poll or drop the worker is in.
std::optional<TaskInfo> Scheduler::current_task(const Worker& worker) const {
  const Handle current(worker.current_task());
  auto task = current.is_null() ? std::nullopt : task_info(current);
  if (task && task->state != TaskState::kRunning && task->state != TaskState::kEnded) task.reset();
  return task;
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

std::vector<WorkerInfo> Scheduler::list_workers() const {
  std::vector<WorkerInfo> rows;
  for (const auto& worker : workers_) {
    const WorkerCounters& counters = worker->counters();
    WorkerInfo row;
    row.id = worker->id();
    row.state = phase_name(worker->phase());
    row.polls = read(counters.polls);
    row.busy_ns = read(counters.busy_ns);
    row.lifo_hits = read(counters.lifo_hits);
    row.steals = read(counters.steals);
    row.stolen_tasks = read(counters.stolen_tasks);
    row.overflows = read(counters.overflows);
    row.parks = read(counters.parks);
    row.local_depth = worker->ring_size();
    row.local_high_water = read(counters.local_high_water);
    row.timer_fires = read(counters.timer_fires);
    row.io_events = read(counters.io_events);
    row.budget_yields = read(counters.budget_yields);
    if (const auto task = current_task(*worker)) {
      row.current_task = task->id;
      row.current_owner = task->owner;
      row.current_type = task->type;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

QueueInfo Scheduler::queue_info() const {
  QueueInfo info;
  info.global_depth = global_.size();
  info.global_capacity = global_.capacity();
  info.global_high_water = global_.high_water();
  info.global_pushes = global_.pushes();
  info.refusals = refusals_.load(std::memory_order_relaxed);
  info.local_capacity = config_.local_queue_capacity;
  for (const auto& worker : workers_)
    info.overflows += read(worker->counters().overflows);
  return info;
}

std::vector<TypeInfo> Scheduler::list_types() const {
  std::vector<TypeInfo> rows;
  for (const TypeId id : types_.ids(std::nullopt)) {
    const TaskType& type = *types_.find(id);
    const CounterTotals totals = types_.totals(type);
    TypeInfo row;
    row.id = id;
    row.owner = type.owner.load(std::memory_order_relaxed);
    row.name = types_.name(type);
    row.live = totals.live();
    row.spawned = totals.spawned;
    row.completed = totals.completed;
    row.failed = totals.failed;
    row.cancelled = totals.cancelled;
    row.dropped = totals.dropped;
    row.polls = totals.polls;
    row.busy_ns = totals.busy_ns;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Straggler> Scheduler::running_tasks(std::optional<OwnerId> owner) const {
  std::vector<Straggler> rows;
  for (const auto& worker : workers_) {
    const auto task = current_task(*worker);
    if (!task || (owner && task->owner != *owner)) continue;
    rows.push_back({task->owner, task->id, "task type " + task->type,
                    monitor_.poll_lasts(worker->id(), clock_.now_ns())});
  }
  return rows;
}

}  // namespace ekiden::runtime
