// How a task comes to be: register a type, reserve a slot, construct the state, commit.

#include <algorithm>
#include <bit>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Status Scheduler::type_register(OwnerId owner, const TaskTypeSpec& spec, TypeId& out) {
  if (!owners_.admits(owner)) return Status::kDraining;
  return types_.add(owner, spec, out);
}

// The task named by a handle, if it is alive and the owner's (nullopt: anybody's, for operators).
Status Scheduler::find_owned(std::optional<OwnerId> owner, Handle handle, TaskHeader*& out) const {
  if (handle.kind() != HandleKind::kTask || handle.is_null()) return Status::kInvalid;
  TaskHeader* task = tasks_.find(handle);
  if (task == nullptr || !task->state.load().is_alive(handle.generation())) return Status::kStale;
  if (owner && owner_of(*task) != *owner) return Status::kForeign;
  out = task;
  return Status::kOk;
}

// --- Counting ----------------------------------------------------------------------------------

// An owner's own task that spawns is itself counted, so a worker in its code needs no order with
// the admission switch: the unloader cannot have read zero. All others count first and look at the
// switch second.
Status Scheduler::count_new(OwnerId owner, TaskType& type) {
  if (!owners_.admits(owner)) return Status::kDraining;
  if (!owners_.take_task(owner)) {
    owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
    return Status::kLimit;
  }
  if (Worker* worker = here(); worker != nullptr && worker->is_in(owner)) {
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

// --- Reserve, commit, discard ------------------------------------------------------------------

Status Scheduler::reserve(OwnerId owner, TypeId type_id, std::size_t size, std::size_t align,
                          void*& state, Handle& out) {
  TaskType* type = types_.find(type_id);
  if (type == nullptr || !type->registered.load(std::memory_order_acquire)) return Status::kInvalid;
  if (type->owner.load(std::memory_order_relaxed) != owner) return Status::kForeign;
  if (align != 0 && (!std::has_single_bit(align) || align > kStateAlignMax))
    return Status::kInvalid;
  if (size > kStateBytesMax) return Status::kTooBig;
  if (const Status status = count_new(owner, *type); status != Status::kOk) return status;

  // Only now: before it was counted, the owner might have left and the record been used again.
  if (size == 0) size = type->state_size;
  if (align == 0) align = type->state_align;
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
  if (options.child) {
    if (worker == nullptr || worker->polled() == nullptr) return Status::kWrongThread;
    // A child keeps its parent, and nobody keeps another owner's task.
    if (owner_of(*worker->polled()) != owner) return Status::kForeign;
  }
  const bool to_ring = count > 1 || options.hint == SpawnHint::kLast;
  for (; committed < count; ++committed) {
    const Handle handle(tasks[committed]);
    TaskHeader* task = nullptr;
    if (const Status s = find_owned(owner, handle, task); s != Status::kOk) return s;
    if (!owners_.admits(owner)) return Status::kDraining;
    if (!task->state.claim_reserved(handle.generation())) return Status::kWrongState;
    const bool room = worker != nullptr ? worker->has_room_for_new(to_ring) : global_.admit();
    if (!room) {
      count_refusal(owner);
      task->state.unclaim_reserved();
      return Status::kFull;
    }
    describe(worker, *task, options);
    task->state.make_runnable(options.join);
    // Whoever cancels the owner's tasks after closing the admission may have met a reservation
    // here. One of us sees the other.
    if (!owners_.admits(owner)) static_cast<void>(task->state.cancel(handle.generation()));
    if (worker != nullptr) {
      worker->stamp_runnable(*task);
    } else if constexpr (kObserve) {
      task->note_runnable(clock_.now_ns());
    }
    if (worker == nullptr) {
      global_.push_admitted(task, shard_hint());
      notify_one();
    } else if (to_ring) {
      worker->push_ring(*task);
    } else {
      worker->schedule(*task);
    }
  }
  return Status::kOk;
}

void Scheduler::count_refusal(OwnerId owner) {
  refusals_.fetch_add(1, std::memory_order_relaxed);
  owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
}

// Writes down what the options say.
void Scheduler::describe(Worker* worker, TaskHeader& task, const SpawnOptions& options) {
  TaskHeader* spawner = worker != nullptr ? worker->polled() : nullptr;
  Handle parent = options.parent;
  if (options.child || (parent.is_null() && spawner != nullptr)) parent = spawner->handle();
  if (parent.is_null()) {
    parent = origin_mark(worker != nullptr ? SpawnOrigin::kDrop : options.origin);
  }
  task.parent.store(parent.bits(), std::memory_order_relaxed);
  if (options.child) {
    task.bits |= TaskHeader::kBitChild;
    // The first child brings the parent's own share along. Nobody else writes while it is 0.
    if (spawner->children.load(std::memory_order_relaxed) == 0) {
      spawner->children.store(TaskHeader::kOwnShare + 1, std::memory_order_relaxed);
    } else {
      spawner->children.fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (!options.name.empty()) {
    tasks_.edit_extra(task, [&](TaskExtra& extra) { extra.name = options.name; });
  }
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
