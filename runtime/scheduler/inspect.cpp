#include "runtime/scheduler/inspect.hpp"

#include <algorithm>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

namespace {

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

}  // namespace

// The task whose poll or drop the worker is in.
std::optional<TaskInfo> Scheduler::current_task(const Worker& worker) const {
  const Handle current(worker.current_task());
  auto task = current.is_null() ? std::nullopt : task_info(current);
  if (task && task->state != TaskState::kRunning && task->state != TaskState::kEnded) task.reset();
  return task;
}

void Scheduler::describe_stalls(const Worker& worker, WorkerInfo& row) const {
  const Worker::Phase phase = worker.phase();
  row.stalls = monitor_.stalls(row.id);
  row.longest_stall_ns = monitor_.longest_stall_ns(row.id);
  row.replaces = monitor_.replacements().replaces(row.id);
  row.replacements = monitor_.replacements().starts(row.id);
  if (phase == Worker::Phase::kRunning) row.stuck_ns = monitor_.stuck_for(row.id);
  row.state = row.stuck_ns != 0 ? "stuck" : phase_name(phase);
  // Known before its thread gets a CPU, and until it has been joined.
  if (row.id >= config_.workers && !row.replaces) row.state = "left";
}

std::vector<WorkerInfo> Scheduler::list_workers() const {
  std::vector<WorkerInfo> rows;
  for (const auto& worker : workers_) {
    const WorkerCounters& counters = worker->counters();
    WorkerInfo row;
    row.id = worker->id();
    describe_stalls(*worker, row);
    row.polls = read(counters.polls);
    row.busy_ns = read(counters.busy_ns);
    row.lifo_hits = read(counters.lifo_hits);
    row.steals = read(counters.steals);
    row.stolen_tasks = read(counters.stolen_tasks);
    row.overflows = read(counters.overflows);
    row.parks = read(counters.parks);
    row.local_depth = worker->queued();
    row.local_high_water = read(counters.local_high_water);
    row.timer_fires = read(counters.timer_fires);
    row.io_events = read(counters.io_events);
    row.budget_yields = read(counters.budget_yields);
    if (const auto task = current_task(*worker)) {
      row.current_task = task->id;
      row.current_owner = task->owner;
      row.current_type = task->type;
      row.current_for_ns = monitor_.poll_lasts(worker->id());
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
    row.stalls = read(type.stalls);
    row.longest_stall_ns = read(type.longest_stall_ns);
    rows.push_back(std::move(row));
  }
  return rows;
}

TypeTimesSnapshot Scheduler::type_times(TypeId id) const {
  const TaskType* type = types_.find(id);
  return type != nullptr ? types_.times(*type) : TypeTimesSnapshot();
}

TypeTimesSnapshot Scheduler::worker_times(unsigned worker) const {
  return worker < workers_.size() ? types_.shard_times(worker) : TypeTimesSnapshot();
}

// The sleepers are counted on both sides of the look at the queues, and the polls around all of it:
// who was awake in between has polled, or has found nothing. A sleeper that is notified leaves the
// count before it runs. Where a worker is stuck, the count of sleepers may be full with its
// replacement; but then one runs.
bool Scheduler::is_idle() const {
  const auto nobody_is_awake = [this] {
    return idle_.sleepers() >= config_.workers &&
           std::none_of(workers_.begin(), workers_.end(), [](const auto& worker) {
             return worker->phase() == Worker::Phase::kRunning ||
                    worker->phase() == Worker::Phase::kSearching;
           });
  };
  const auto all_polls = [this] {
    std::uint64_t polls = 0;
    for (const auto& worker : workers_)
      polls += read(worker->counters().polls);
    return polls;
  };
  const std::uint64_t before = all_polls();
  return nobody_is_awake() && !work_pending() && nobody_is_awake() && all_polls() == before;
}

std::vector<Straggler> Scheduler::running_tasks(std::optional<OwnerId> owner) const {
  std::vector<Straggler> rows;
  for (const auto& worker : workers_) {
    const auto task = current_task(*worker);
    if (!task || (owner && task->owner != *owner)) continue;
    rows.push_back(
        {task->owner, task->id, "task type " + task->type, monitor_.poll_lasts(worker->id())});
  }
  return rows;
}

}  // namespace ekiden::runtime
