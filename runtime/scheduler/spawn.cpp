// How a task comes to be: register a type, reserve a slot, construct the state, commit.

#include <algorithm>
#include <bit>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Status Scheduler::type_register(OwnerId owner, const TaskTypeSpec& spec, TypeId& out) {
  if (!owners_.admits(owner)) return Status::kDraining;
  return types_.add(owner, spec, out);
}

// The task named by a handle, if it is alive and the owner's.
Status Scheduler::find_owned(OwnerId owner, Handle handle, TaskHeader*& out) const {
  if (handle.kind() != HandleKind::kTask || handle.is_null()) return Status::kInvalid;
  TaskHeader* task = tasks_.find(handle);
  if (task == nullptr || !task->state.load().is_alive(handle.generation())) return Status::kStale;
  const TaskType* type = task->type.load(std::memory_order_relaxed);
  if (type->owner.load(std::memory_order_relaxed) != owner) return Status::kForeign;
  out = task;
  return Status::kOk;
}

// --- Counting --------------------------------------------------------------------------------------------

// An owner's own task that spawns is itself counted, so a worker's count needs no order with the
// admission switch: the unloader cannot have read zero. Other threads count first and look at the
// switch second.
Status Scheduler::count_new(OwnerId owner, TaskType& type) {
  if (!owners_.admits(owner)) return Status::kDraining;
  if (!owners_.take_task(owner)) {
    owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
    return Status::kLimit;
  }
  if (Worker* worker = here()) {
    add_relaxed<std::uint64_t>(worker->counters_of(type).spawned, 1);
    return Status::kOk;
  }
  outside_counters(type).spawned.fetch_add(1, std::memory_order_seq_cst);
  if (owners_.admits(owner)) return Status::kOk;
  uncount_new(owner, type);
  return Status::kDraining;
}

// The slot of a task that never ran is gone.
void Scheduler::uncount_new(OwnerId owner, TaskType& type) {
  owners_.give_task(owner);
  if (Worker* worker = here()) {
    Counter& freed = worker->counters_of(type).freed;
    // release: see TypeCounters.
    freed.store(freed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    return;
  }
  outside_counters(type).freed.fetch_add(1, std::memory_order_release);
}

// --- Reserve, commit, discard -----------------------------------------------------------------------------

Status Scheduler::reserve(OwnerId owner, TypeId type_id, std::size_t size, std::size_t align,
                          void*& state, Handle& out) {
  TaskType* type = types_.find(type_id);
  if (type == nullptr || !type->registered.load(std::memory_order_acquire)) return Status::kInvalid;
  if (type->owner.load(std::memory_order_relaxed) != owner) return Status::kForeign;
  if (size == 0) size = type->state_size;
  if (align == 0) align = type->state_align;
  if (!std::has_single_bit(align) || align > kStateAlignMax) return Status::kInvalid;
  if (size > kStateBytesMax) return Status::kTooBig;
  if (const Status status = count_new(owner, *type); status != Status::kOk) return status;

  Worker* worker = here();
  TaskHeader* task = tasks_.allocate(*type, size, align,
                                     worker != nullptr ? worker->cached_now() : clock_.now_ns(),
                                     worker != nullptr ? &worker->task_caches() : nullptr);
  if (task == nullptr) {
    uncount_new(owner, *type);
    return Status::kNoMemory;
  }
  state = task->state_memory();
  out = task->handle();
  return Status::kOk;
}

Status Scheduler::commit(OwnerId owner, Handle handle, const SpawnOptions& options) {
  std::size_t committed = 0;
  const std::uint64_t bits = handle.bits();
  return commit_n(owner, &bits, 1, options, committed);
}

Status Scheduler::commit_n(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                           const SpawnOptions& options, std::size_t& committed) {
  Worker* worker = here();
  committed = 0;
  if (options.child && (worker == nullptr || worker->polled() == nullptr)) {
    return Status::kWrongThread;
  }
  for (; committed < count; ++committed) {
    const Handle handle(tasks[committed]);
    TaskHeader* task = nullptr;
    if (const Status s = find_owned(owner, handle, task); s != Status::kOk) return s;
    if (!owners_.admits(owner)) return Status::kDraining;
    if (!task->state.claim_reserved(handle.generation())) return Status::kWrongState;
    if (const Status s = prepare(worker, *task, options); s != Status::kOk) {
      task->state.unclaim_reserved();
      return s;
    }
    task->state.make_runnable(options.join);
    if (worker == nullptr) {
      global_.push_admitted(task, shard_hint());
      notify_one();
    } else if (count > 1 || options.hint == SpawnHint::kLast) {
      worker->push_ring(*task);
    } else {
      worker->schedule(*task);
    }
  }
  return Status::kOk;
}

// Room in the queues, and what the options say. Nothing is changed if there is no room.
Status Scheduler::prepare(Worker* worker, TaskHeader& task, const SpawnOptions& options) {
  const bool room = worker != nullptr ? worker->has_room_for_new() : global_.admit();
  if (!room) {
    refusals_.fetch_add(1, std::memory_order_relaxed);
    const TaskType* type = task.type.load(std::memory_order_relaxed);
    owners_.find(type->owner.load(std::memory_order_relaxed))
        ->refusals.fetch_add(1, std::memory_order_relaxed);
    return Status::kFull;
  }
  TaskHeader* spawner = worker != nullptr ? worker->polled() : nullptr;
  Handle parent = options.parent;
  if (options.child || (parent.is_null() && spawner != nullptr)) parent = spawner->handle();
  task.parent.store(parent.bits(), std::memory_order_relaxed);
  if (options.child) {
    task.bits |= TaskHeader::kBitChild;
    // The first child brings the parent's own share along. Nobody else writes while it is 0.
    if (spawner->children.load(std::memory_order_relaxed) == 0) {
      spawner->children.store(2, std::memory_order_relaxed);
    } else {
      spawner->children.fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (!options.name.empty()) {
    tasks_.edit_extra(task, [&](TaskExtra& extra) { extra.name = options.name; });
  }
  return Status::kOk;
}

Status Scheduler::discard(OwnerId owner, Handle handle) {
  TaskHeader* task = nullptr;
  if (const Status status = find_owned(owner, handle, task); status != Status::kOk) return status;
  if (!task->state.claim_reserved(handle.generation())) return Status::kWrongState;
  discard_claimed(*task);
  return Status::kOk;
}

void Scheduler::discard_claimed(TaskHeader& task) {
  TaskType& type = *task.type.load(std::memory_order_relaxed);
  const OwnerId owner = type.owner.load(std::memory_order_relaxed);
  static_cast<void>(task.state.complete());
  EKIDEN_CHECK(task.state.unref());
  Worker* worker = here();
  tasks_.free(task, worker != nullptr ? &worker->task_caches() : nullptr);
  uncount_new(owner, type);
}

}  // namespace ekiden::runtime
