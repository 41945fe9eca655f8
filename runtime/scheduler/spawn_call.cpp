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
  if (worker == nullptr) {
    std::uint64_t handle = 0;
    std::size_t done = 0;
    const NewTasks one{owner, type_id, state, size, 0, 1};
    const Status status = spawn_outside(*type, one, options, &handle, done);
    if (status == Status::kOk) out = Handle(handle);
    return status;
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
    if (worker != nullptr) {
      portion.count = std::min(portion.count, kSpawnPortion);
      status = spawn_here(*worker, *type, portion, options, handles, done);
    } else {
      portion.count = std::min(portion.count, kOutsidePortion);
      status = spawn_outside(*type, portion, options, handles, done);
    }
    spawned += done;
  }
  return status;
}

// A batch on a worker.
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
  if (const Status status = count_new(owner, type); status != Status::kOk) return status;
  if (!worker.has_room_for(place)) {
    count_refusal(owner);
    uncount_new(owner, type);
    return Status::kFull;
  }
  out = tasks_.allocate(type, type.layout, worker.cached_now(), &worker.task_caches(),
                        StateWord::Claim::kTaken);
  if (out != nullptr) return Status::kOk;
  uncount_new(owner, type);
  return Status::kNoMemory;
}

// On a thread that is no worker: one look at the clock, one visit to the slots and to the queue,
// one wake-up for the whole batch.
Status Scheduler::spawn_outside(TaskType& type, const NewTasks& batch, const SpawnOptions& options,
                                std::uint64_t* out, std::size_t& done) {
  const Nanos now = clock_.now_ns();
  std::array<TaskHeader*, kOutsidePortion> tasks;
  std::size_t taken = 0;
  Status status = take_slots(type, batch.owner, batch.count, now, tasks.data(), taken);
  if (taken == 0) return status;
  done = global_.admit(taken);
  if (done < taken) {
    count_refusal(batch.owner);
    status = Status::kFull;
    for (std::size_t i = done; i < taken; ++i)
      discard_claimed(*tasks[i]);
  }
  if (done == 0) return status;

  const auto* state = static_cast<const std::byte*>(batch.states);
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
Status Scheduler::take_slots(TaskType& type, OwnerId owner, std::size_t count, Nanos now,
                             TaskHeader** out, std::size_t& taken) {
  // A cache takes a batch of slots from the pool and gives the rest back: for one that is a detour.
  TaskTable::Caches cache;
  TaskTable::Caches* const from = count > 1 ? &cache : nullptr;
  Status status = Status::kOk;
  for (taken = 0; taken < count && status == Status::kOk;) {
    status = count_new(owner, type);
    if (status != Status::kOk) break;
    out[taken] = tasks_.allocate(type, type.layout, now, from, StateWord::Claim::kTaken);
    if (out[taken] != nullptr) {
      ++taken;
    } else {
      uncount_new(owner, type);
      status = Status::kNoMemory;
    }
  }
  if (from != nullptr) tasks_.flush(cache);
  return status;
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
