// How a task comes to be, step by step: register a type, reserve a slot, construct the state,
// commit. spawn_call.cpp does it in one call.

#include <algorithm>
#include <bit>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

namespace {

constexpr std::size_t kPortion = 4096;  // of a batch

}  // namespace

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

// A worker in the owner's code needs no order with the admission switch: the task that spawns is
// itself counted, so the unloader cannot have read zero. False: the owner has its limit.
bool Scheduler::count_own(Worker& worker, OwnerId owner, TaskType& type) {
  if (!owners_.take_task(owner)) {
    owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  add_relaxed<std::uint64_t>(worker.counters_of(type).spawned, 1);
  return true;
}

// All others count first and look at the switch second.
Status Scheduler::count_new(OwnerId owner, TaskType& type) {
  if (!owners_.admits(owner)) return Status::kDraining;
  if (Worker* worker = here(); worker != nullptr && worker->is_in(owner)) {
    return count_own(*worker, owner, type) ? Status::kOk : Status::kLimit;
  }
  if (!owners_.take_task(owner)) {
    owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
    return Status::kLimit;
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

// The type with this id, if the owner may make tasks of it.
Status Scheduler::find_type(OwnerId owner, TypeId id, TaskType*& out) const {
  out = types_.find(id);
  if (out == nullptr || !out->registered.load(std::memory_order_acquire)) return Status::kInvalid;
  return out->owner.load(std::memory_order_relaxed) == owner ? Status::kOk : Status::kForeign;
}

Status Scheduler::reserve(OwnerId owner, TypeId type_id, std::size_t size, std::size_t align,
                          void*& state, Handle& out) {
  TaskType* type = nullptr;
  if (const Status status = find_type(owner, type_id, type); status != Status::kOk) return status;
  if (align != 0 && (!std::has_single_bit(align) || align > kStateAlignMax))
    return Status::kInvalid;
  if (size > kStateBytesMax) return Status::kTooBig;
  if (const Status status = count_new(owner, *type); status != Status::kOk) return status;

  // Only now: before it was counted, the owner might have left and the record been used again.
  SlotLayout layout = type->layout;
  if (size != 0 || align != 0) {
    layout = lay_out(size != 0 ? size : type->state_size, align != 0 ? align : type->state_align);
  }
  TaskHeader* task = allocate(*type, layout);
  if (task == nullptr) {
    uncount_new(owner, *type);
    return Status::kNoMemory;
  }
  state = task->state_memory();
  out = task->handle();
  return Status::kOk;
}

TaskHeader* Scheduler::allocate(TaskType& type, const SlotLayout& layout) {
  Worker* worker = here();
  if (worker == nullptr) return tasks_.allocate(type, layout, clock_.now_ns(), nullptr);
  return tasks_.allocate(type, layout, worker->cached_now(), &worker->task_caches());
}

Status Scheduler::commit(OwnerId owner, Handle handle, const SpawnOptions& options) {
  std::size_t committed = 0;
  const std::uint64_t bits = handle.bits();
  return commit_n(owner, &bits, 1, options, committed);
}

Status Scheduler::commit_n(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                           const SpawnOptions& options, std::size_t& committed) {
  committed = 0;
  if (const Status s = may_be_child(owner, options); s != Status::kOk) return s;
  const SpawnPlace place = place_of(options, count);
  Status status = Status::kOk;
  while (committed < count && status == Status::kOk) {
    // In portions, because `count` may be any number and children are counted in advance.
    const std::size_t portion = std::min<std::size_t>(count - committed, kPortion);
    std::size_t done = 0;
    status = commit_portion(owner, tasks + committed, portion, options, place, done);
    committed += done;
  }
  return status;
}

Status Scheduler::commit_portion(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                                 const SpawnOptions& options, SpawnPlace place, std::size_t& done) {
  Worker* worker = here();
  const bool had_others = options.child && begin_children(*worker->polled(), count) != 0;
  Status status = Status::kOk;
  for (; done < count; ++done) {
    status = commit_one(worker, owner, Handle(tasks[done]), options, place);
    if (status != Status::kOk) break;
  }
  if (options.child && done < count) {
    forget_children(*worker->polled(), count - done, had_others || done != 0);
  }
  if (done != 0) announce(worker, place);
  return status;
}

Status Scheduler::commit_one(Worker* worker, OwnerId owner, Handle handle,
                             const SpawnOptions& options, SpawnPlace place) {
  TaskHeader* task = nullptr;
  if (const Status s = find_owned(owner, handle, task); s != Status::kOk) return s;
  if (!owners_.admits(owner)) return Status::kDraining;
  if (!task->state.claim_reserved(handle.generation())) return Status::kWrongState;
  if (!(worker != nullptr ? worker->has_room_for(place) : global_.admit() != 0)) {
    count_refusal(owner);
    task->state.unclaim_reserved();
    return Status::kFull;
  }
  describe(worker, *task, options);
  queue_new(worker, *task, options.join, place);
  return Status::kOk;
}

// The task is ours alone until it is queued, and anybody's afterwards. Whoever cancels the owner's
// tasks after closing the admission passes reservations by, and may have met this one as such. From
// outside: one of us sees the other. On a worker the task that spawns is met as well as this one,
// or both by the next round, for that is repeated until no task is left.
void Scheduler::queue_new(Worker* worker, TaskHeader& task, bool join, SpawnPlace place) {
  if (worker == nullptr) {
    task.note_runnable(clock_.now_ns());
    make_runnable_outside(task, join);
    return global_.push_admitted(&task, shard_hint());
  }
  worker->stamp_runnable(task);
  task.state.make_runnable(join);
  switch (place) {
    case SpawnPlace::kChildStack:
      return worker->queue_child(task);
    case SpawnPlace::kRing:
      return worker->queue_last(task);
    case SpawnPlace::kLifoSlot:
      return worker->schedule(task);
    case SpawnPlace::kFreeLifoSlot:
      return worker->schedule_new(task);
  }
}

void Scheduler::make_runnable_outside(TaskHeader& task, bool join) {
  task.state.make_runnable(join, std::memory_order_seq_cst);
  if (!owners_.admits(owner_of(task))) {
    static_cast<void>(task.state.cancel(task.handle().generation()));
  }
}

// Children run newest first, as their parent waits for all of them; a batch of others in order.
SpawnPlace Scheduler::place_of(const SpawnOptions& options, std::size_t count) {
  if (options.hint == SpawnHint::kLast) return SpawnPlace::kRing;
  if (options.child && options.hint == SpawnHint::kDefault) return SpawnPlace::kChildStack;
  if (options.hint == SpawnHint::kNext) return SpawnPlace::kLifoSlot;
  return count > 1 ? SpawnPlace::kRing : SpawnPlace::kFreeLifoSlot;
}

// New tasks are queued. Who goes to the LIFO slot wakes nobody, and who goes to the ring instead
// has been announced by that.
void Scheduler::announce(Worker* worker, SpawnPlace place) {
  if (worker == nullptr) return notify_one();
  if (place == SpawnPlace::kChildStack || place == SpawnPlace::kRing) worker->notify_one();
}

// --- What a new task says ----------------------------------------------------------------------

Status Scheduler::may_be_child(OwnerId owner, const SpawnOptions& options) const {
  if (!options.child) return Status::kOk;
  const Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return Status::kWrongThread;
  // A child keeps its parent, and nobody keeps another owner's task.
  return owner_of(*worker->polled()) == owner ? Status::kOk : Status::kForeign;
}

// The first child brings the parent's own share along. Nobody else writes while it is 0. Returns
// how many it had.
std::uint32_t Scheduler::begin_children(TaskHeader& parent, std::size_t count) {
  const auto more = static_cast<std::uint32_t>(count);
  if (parent.children.load(std::memory_order_relaxed) == 0) {
    parent.children.store(TaskHeader::kOwnShare + more, std::memory_order_relaxed);
    return 0;
  }
  return parent.children.fetch_add(more, std::memory_order_relaxed) & ~TaskHeader::kOwnShare;
}

// They were refused. The parent runs, and keeps its own share. While they were counted no child of
// it was the last one; where it had others, and they have all ended since, it is for us to say so.
void Scheduler::forget_children(TaskHeader& parent, std::size_t count, bool had_others) {
  const auto less = static_cast<std::uint32_t>(count);
  const std::uint32_t left = parent.children.fetch_sub(less, std::memory_order_relaxed) - less;
  if (had_others && left == TaskHeader::kOwnShare) wake(parent.handle());
}

void Scheduler::count_refusal(OwnerId owner) {
  refusals_.fetch_add(1, std::memory_order_relaxed);
  owners_.find(owner)->refusals.fetch_add(1, std::memory_order_relaxed);
}

// Writes down what the options say.
void Scheduler::describe(Worker* worker, TaskHeader& task, const SpawnOptions& options) {
  Handle parent = options.parent;
  if (worker != nullptr && worker->polled() != nullptr && (options.child || parent.is_null())) {
    parent = Handle(worker->context().waker);
  } else if (parent.is_null()) {
    parent = origin_mark(worker != nullptr ? SpawnOrigin::kDrop : options.origin);
  }
  task.parent.store(parent.bits(), std::memory_order_relaxed);
  if (options.child) task.bits |= TaskHeader::kBitChild;
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
