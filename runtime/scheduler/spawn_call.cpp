// A spawn in one call, alone or as a batch. Nobody else ever gets to claim what is reserved here.

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

namespace {

// Of a batch: in a poll, and from outside.
constexpr std::size_t kSpawnPortion = 4096;
constexpr std::size_t kOutsidePortion = SlotArena::Cache::kBatch;

}  // namespace

[[gnu::flatten]]  // the hottest way in: one function is a tenth quicker
Status
Scheduler::spawn(OwnerId owner, TypeId type_id, const void* state, std::size_t size,
                 const SpawnOptions& options, Handle& out) {
  TaskType* type = nullptr;
  if (const Status s = find_type(owner, type_id, type); s != Status::kOk) return s;
  if (size > type->state_size) return Status::kTooBig;
  if (const Status s = may_be_child(owner, options); s != Status::kOk) return s;
  Worker* worker = here();
  if (!is_in_poll_of(worker, owner)) {
    return spawn_from_elsewhere(*type, owner, state, size, options, out);
  }
  const SpawnPlace place = place_of(options, 1);
  TaskHeader* task = nullptr;
  if (const Status s = make_here(*worker, *type, owner, place, task); s != Status::kOk) return s;
  if (options.child) begin_children(*worker->polled(), 1);
  fill_state(*task, *type, state, size);
  describe(worker, *task, options);
  out = task->handle();
  queue_new(worker, *task, options.join, place);
  announce(worker, place);
  return Status::kOk;
}

Status Scheduler::spawn_n(const NewTasks& batch, const SpawnOptions& options, std::uint64_t* out,
                          std::size_t& spawned) {
  spawned = 0;
  TaskType* type = nullptr;
  if (const Status s = find_type(batch.owner, batch.type, type); s != Status::kOk) return s;
  if (batch.size > type->state_size) return Status::kTooBig;
  if (const Status s = may_be_child(batch.owner, options); s != Status::kOk) return s;
  Worker* worker = here();
  Status status = Status::kOk;
  while (spawned < batch.count && status == Status::kOk) {
    NewTasks portion = batch;
    if (batch.size != 0) {
      portion.states = static_cast<const std::byte*>(batch.states) + spawned * batch.stride;
    } else {
      portion.stride = 0;
    }
    portion.count = batch.count - spawned;
    std::uint64_t* handles = out != nullptr ? out + spawned : nullptr;
    std::size_t done = 0;
    status = spawn_portion(worker, *type, portion, options, handles, done);
    spawned += done;
  }
  return status;
}

// As many of them as go in one go.
Status Scheduler::spawn_portion(Worker* worker, TaskType& type, NewTasks batch,
                                const SpawnOptions& options, std::uint64_t* out,
                                std::size_t& done) {
  if (worker == nullptr) {
    batch.count = std::min(batch.count, kOutsidePortion);
    return spawn_outside(type, batch, options, out, done);
  }
  if (is_in_poll_of(worker, batch.owner)) {
    batch.count = std::min(batch.count, kSpawnPortion);
    return spawn_here(*worker, type, batch, options, out, done);
  }
  Handle handle;
  const Status status =
      spawn_from_elsewhere(type, batch.owner, batch.states, batch.size, options, handle);
  if (status != Status::kOk) return status;
  done = 1;
  if (out != nullptr) *out = handle.bits();
  return status;
}

bool Scheduler::is_in_poll_of(const Worker* worker, OwnerId owner) {
  return worker != nullptr && worker->polled() != nullptr && worker->is_in(owner);
}

// A batch in a poll of the owner's.
[[gnu::flatten]]  // the hottest way in: one function is a tenth quicker
Status
Scheduler::spawn_here(Worker& worker, TaskType& type, const NewTasks& batch,
                      const SpawnOptions& options, std::uint64_t* out, std::size_t& done) {
  const SpawnPlace place = place_of(options, batch.count);
  const auto* state = static_cast<const std::byte*>(batch.states);
  const bool had_others = options.child && begin_children(*worker.polled(), batch.count) != 0;
  Status status = Status::kOk;
  for (; done < batch.count; ++done, state += batch.stride) {
    TaskHeader* task = nullptr;
    status = make_here(worker, type, batch.owner, place, task);
    if (status != Status::kOk) break;
    fill_state(*task, type, state, batch.size);
    describe(&worker, *task, options);
    if (out != nullptr) out[done] = task->handle().bits();
    queue_new(&worker, *task, options.join, place);
  }
  if (options.child && done < batch.count) {
    forget_children(*worker.polled(), batch.count - done, had_others || done != 0);
  }
  if (done != 0) announce(&worker, place);
  return status;
}

Status Scheduler::make_here(Worker& worker, TaskType& type, OwnerId owner, SpawnPlace place,
                            TaskHeader*& out) {
  if (!owners_.admits(owner)) return Status::kDraining;
  if (!worker.has_room_for(place)) {
    count_refusal(owner);
    return Status::kFull;
  }
  if (!count_own(worker, owner, type)) return Status::kLimit;
  out = tasks_.allocate(type, type.layout, worker.cached_now(), &worker.task_caches(),
                        StateWord::Claim::kTaken);
  if (out != nullptr) return Status::kOk;
  uncount_new(owner, type);
  return Status::kNoMemory;
}

// A batch on a thread that is no worker: one look at the clock, one visit to the slots and to the
// queue, one wake-up.
Status Scheduler::spawn_outside(TaskType& type, const NewTasks& batch, const SpawnOptions& options,
                                std::uint64_t* out, std::size_t& done) {
  const std::size_t admitted = global_.admit(batch.count);
  Status status = admitted < batch.count ? Status::kFull : Status::kOk;
  if (status == Status::kFull) count_refusal(batch.owner);
  std::array<TaskHeader*, kOutsidePortion> tasks;
  if (const Status s = take_slots(type, batch.owner, admitted, tasks.data(), done);
      s != Status::kOk) {
    status = s;
  }
  if (done < admitted) global_.give_up_admission(admitted - done);
  if (done == 0) return status;

  const auto* state = static_cast<const std::byte*>(batch.states);
  const Nanos now = clock_.now_ns();
  for (std::size_t i = 0; i < done; ++i, state += batch.stride) {
    fill_state(*tasks[i], type, state, batch.size);
    describe(nullptr, *tasks[i], options);
    if (out != nullptr) out[i] = tasks[i]->handle().bits();
    tasks[i]->note_runnable(now);
    make_runnable_outside(*tasks[i], options.join);
  }
  global_.push_admitted_n(done, shard_hint(),
                          [&tasks, next = std::size_t{0}]() mutable { return tasks[next++]; });
  notify_one();
  return status;
}

// Counts and claims up to `count` slots. An error says why there are not more.
Status Scheduler::take_slots(TaskType& type, OwnerId owner, std::size_t count, TaskHeader** out,
                             std::size_t& taken) {
  TaskTable::Caches cache;
  const Nanos now = clock_.now_ns();
  Status status = Status::kOk;
  for (taken = 0; taken < count && status == Status::kOk;) {
    status = count_new(owner, type);
    if (status != Status::kOk) break;
    out[taken] = tasks_.allocate(type, type.layout, now, &cache, StateWord::Claim::kTaken);
    if (out[taken] != nullptr) {
      ++taken;
    } else {
      uncount_new(owner, type);
      status = Status::kNoMemory;
    }
  }
  tasks_.flush(cache);
  return status;
}

Status Scheduler::spawn_from_elsewhere(TaskType& type, OwnerId owner, const void* state,
                                       std::size_t size, const SpawnOptions& options, Handle& out) {
  TaskHeader* task = nullptr;
  const Status status = make_elsewhere(type, owner, options, task);
  if (status != Status::kOk) return status;
  Worker* worker = here();
  const SpawnPlace place = place_of(options, 1);
  fill_state(*task, type, state, size);
  if (options.child) begin_children(*worker->polled(), 1);
  describe(worker, *task, options);
  out = task->handle();
  queue_new(worker, *task, options.join, place);
  announce(worker, place);
  return Status::kOk;
}

Status Scheduler::make_elsewhere(TaskType& type, OwnerId owner, const SpawnOptions& options,
                                 TaskHeader*& out) {
  if (const Status status = count_new(owner, type); status != Status::kOk) return status;
  Worker* worker = here();
  const bool has_room =
      worker != nullptr ? worker->has_room_for(place_of(options, 1)) : global_.admit() != 0;
  if (!has_room) {
    count_refusal(owner);
    uncount_new(owner, type);
    return Status::kFull;
  }
  const Nanos now = worker != nullptr ? worker->cached_now() : clock_.now_ns();
  out =
      tasks_.allocate(type, type.layout, now, worker != nullptr ? &worker->task_caches() : nullptr,
                      StateWord::Claim::kTaken);
  if (out == nullptr) {
    if (worker == nullptr) global_.give_up_admission();
    uncount_new(owner, type);
    return Status::kNoMemory;
  }
  // The same reading for both: the task is queued at once.
  if (worker == nullptr) out->note_runnable(now);
  return Status::kOk;
}

// What is not given is zero.
void Scheduler::fill_state(TaskHeader& task, const TaskType& type, const void* state,
                           std::size_t size) {
  auto* memory = static_cast<std::byte*>(task.state_memory());
  if (size == type.state_size && size % 8 == 0 && size <= 48) {
    // What fits the smallest slot: word by word is quicker than a call.
    const auto* from = static_cast<const std::byte*>(state);
    for (std::size_t i = 0; i < size; i += 8)
      std::memcpy(memory + i, from + i, 8);
    return;
  }
  if (size != 0) std::memcpy(memory, state, size);
  if (type.state_size > size) std::memset(memory + size, 0, type.state_size - size);
}

}  // namespace ekiden::runtime
