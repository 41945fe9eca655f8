// What people see of the scheduler: rows of plain values, consistent a row, not across rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/scheduler/spawn_options.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/task_type.hpp"

namespace ekiden::runtime {

enum class TaskState : std::uint8_t {
  kReserved,  // not committed yet
  kQueued,    // in a queue, a LIFO slot or a hand
  kRunning,   // in its poll, or in the drop that follows it at once
  kWaiting,   // for a wake
  kEnded,     // no further poll: held, kept by its children, or in the drop after that
};

enum class WaitKind : std::uint8_t { kUnknown, kTimer, kIo, kJoin, kJob, kChildren, kChannel };

struct TaskInfo {
  Handle id;
  OwnerId owner = kRuntimeOwner;
  std::string type;
  std::string name;
  TaskState state = TaskState::kWaiting;
  bool cancelled = false;
  Nanos age_ns = 0;  // resolution 17 ms
  std::uint64_t polls = 0;
  unsigned last_worker = 0;
  // Of a waiting task; kUnknown and nothing of all others. What its last poll found pending last:
  WaitKind wait_kind = WaitKind::kUnknown;
  std::optional<Handle> waits_on;  // what, by its handle; none: children, or unknown
  // For how long, by its worker's cached clock: too long by at most the poll before and 10 µs.
  std::optional<Nanos> waiting_ns;
  std::uint32_t children = 0;  // spawned as such and not freed yet
  Handle parent;               // the task that spawned it, or the one it was told to name
  SpawnOrigin origin = SpawnOrigin::kUnknown;
};

// Which tasks a list shows: all that agree with everything that is set.
struct TaskFilter {
  std::optional<OwnerId> owner;
  std::string type;  // empty: of every type
  std::optional<TaskState> state;
  Nanos age_min_ns = 0;
  std::uint64_t polls_min = 0;
  std::optional<WaitKind> waits_on;
};
inline bool matches(const TaskFilter& filter, const TaskInfo& task) {
  return (!filter.owner || task.owner == *filter.owner) &&
         (filter.type.empty() || task.type == filter.type) &&
         (!filter.state || task.state == *filter.state) && task.age_ns >= filter.age_min_ns &&
         task.polls >= filter.polls_min &&
         (!filter.waits_on ||
          (task.state == TaskState::kWaiting && task.wait_kind == *filter.waits_on));
}

// What a list is sorted by, of one task.
struct TaskKey {
  Handle id;
  std::uint64_t born = 0;  // in steps of 2^24 ns; constant while the task lives
  std::uint64_t polls = 0;
};

// A look at all task slots in portions, so that nobody has to look at a million of them at once.
// Slots come and go meanwhile: a task that lives through the whole look is seen once.
struct TaskScan {
  TaskFilter filter;
  std::vector<TypeId> types;  // those named filter.type; set by Runtime::begin_scan
  Handle at;                  // the last slot looked at, in the form of a handle; null: none yet
  bool done = false;
  std::uint64_t looked_at = 0;  // live tasks
};

struct WorkerInfo {
  unsigned id = 0;
  // "running", "searching", "parked", "reactor"; "stuck": in a poll that is a stall; "stopped": its
  // thread has not begun or has ended; "left": a replacement that stands in for nobody.
  std::string state;
  std::uint64_t polls = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t lifo_hits = 0;
  std::uint64_t steals = 0;        // successful ones
  std::uint64_t stolen_tasks = 0;  // tasks brought home by them
  std::uint64_t overflows = 0;     // times that half the ring moved to the global queue
  std::uint64_t parks = 0;
  std::uint64_t local_depth = 0;       // in the ring and on the child stack, not in the LIFO slot
  std::uint64_t local_high_water = 0;  // of the ring alone
  std::uint64_t timer_fires = 0;
  std::uint64_t io_events = 0;
  std::uint64_t budget_yields = 0;
  std::uint64_t stalls = 0;
  Nanos longest_stall_ns = 0;        // with the one that lasts
  Nanos stuck_ns = 0;                // how long it has been stuck
  std::optional<unsigned> replaces;  // the worker that it stands in for
  std::uint64_t replacements = 0;    // how often it was started to replace another
  Handle current_task;               // in its poll or drop; null: in none
  OwnerId current_owner = kRuntimeOwner;
  std::string current_type;
  Nanos current_for_ns = 0;  // how long that poll has been seen to last, in steps of a monitor tick
};

struct QueueInfo {
  std::uint64_t global_depth = 0;
  std::uint64_t global_capacity = 0;
  std::uint64_t global_high_water = 0;
  std::uint64_t global_pushes = 0;
  std::uint64_t refusals = 0;  // spawns refused because the global queue had no room
  std::uint64_t overflows = 0;
  std::uint64_t local_capacity = 0;  // of a worker's ring and of its child stack, each
  std::uint64_t blocking_depth = 0;
  std::uint64_t blocking_capacity = 0;
  std::uint64_t blocking_high_water = 0;
  std::uint64_t blocking_refusals = 0;
  std::uint64_t blocking_threads = 0;
};

struct TypeInfo {
  TypeId id = 0;
  OwnerId owner = kRuntimeOwner;
  std::string name;
  std::uint64_t live = 0;
  std::uint64_t spawned = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t dropped = 0;
  std::uint64_t polls = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t stalls = 0;
  Nanos longest_stall_ns = 0;
};

// A task whose poll or drop, or a job, that had not returned when a deadline passed.
struct Straggler {
  OwnerId owner = kRuntimeOwner;
  Handle id;
  std::string what;  // "task type <name>" or "blocking job"
  Nanos for_ns = 0;
};

}  // namespace ekiden::runtime
