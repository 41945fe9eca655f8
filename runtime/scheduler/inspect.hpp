// What people see of the scheduler: rows of plain values, consistent a row, not across rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/task_type.hpp"

namespace ekiden::runtime {

enum class TaskState : std::uint8_t { kReserved, kQueued, kRunning, kWaiting, kEnded };

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
  std::optional<Handle> waits_on;  // what it last found pending: a task, timer, descriptor or job
  Handle parent;
};

struct WorkerInfo {
  unsigned id = 0;
  std::string state;  // "running", "searching", "parked", "reactor"
  std::uint64_t polls = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t lifo_hits = 0;
  std::uint64_t steals = 0;        // successful ones
  std::uint64_t stolen_tasks = 0;  // tasks brought home by them
  std::uint64_t overflows = 0;     // times that half the ring moved to the global queue
  std::uint64_t parks = 0;
  std::uint64_t local_depth = 0;
  std::uint64_t local_high_water = 0;
  std::uint64_t timer_fires = 0;
  std::uint64_t io_events = 0;
  std::uint64_t budget_yields = 0;
  Handle current_task;  // null when it polls nothing
  OwnerId current_owner = kRuntimeOwner;
  std::string current_type;
};

struct QueueInfo {
  std::uint64_t global_depth = 0;
  std::uint64_t global_capacity = 0;
  std::uint64_t global_high_water = 0;
  std::uint64_t global_pushes = 0;
  std::uint64_t refusals = 0;  // spawns refused because the global queue was at its capacity
  std::uint64_t overflows = 0;
  std::uint64_t local_capacity = 0;
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
};

// A task whose poll, or a job, that had not returned when a deadline passed.
struct Straggler {
  OwnerId owner = kRuntimeOwner;
  Handle id;
  std::string what;  // "task type <name>" or "blocking job"
  Nanos for_ns = 0;
};

}  // namespace ekiden::runtime
