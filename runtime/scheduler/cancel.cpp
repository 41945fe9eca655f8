// How tasks are made to end: one by abort, an owner's all together, and what is left after the end.

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Status Scheduler::abort(std::optional<OwnerId> owner, Handle handle) {
  if (handle.kind() != HandleKind::kTask || handle.is_null()) return Status::kInvalid;
  TaskHeader* task = tasks_.find(handle);
  if (task == nullptr || !task->state.load().is_alive(handle.generation())) return Status::kStale;
  const TaskType* type = task->type.load(std::memory_order_relaxed);
  if (owner && type->owner.load(std::memory_order_relaxed) != *owner) return Status::kForeign;
  if (task->state.load().is_reserved()) return Status::kWrongState;
  if (task->state.cancel(handle.generation()) == StateWord::Submit::kSubmit) submit(*task);
  return Status::kOk;
}

// Visits the live tasks of an owner, or all. A slot may change hands meanwhile: what `visit` does takes
// the generation, and then does nothing.
template <class Visit>
void Scheduler::for_each_task(std::optional<OwnerId> owner, Visit visit) {
  tasks_.walk(std::nullopt, [&](TaskHeader& task, std::uint32_t) {
    const Snapshot state = task.state.load();
    if (state.refs() != 0 && (!owner || owner_of(task) == *owner)) visit(task, state);
    return true;
  });
}

void Scheduler::cancel_tasks(std::optional<OwnerId> owner, bool force) {
  if (force) owners_.force(owner);
  bool only_results = true;
  for_each_task(owner, [&](TaskHeader& task, Snapshot state) {
    if (state.is_reserved()) return;
    if (state.is_complete() && (state.has_join() || task.waits_for_children())) return;
    only_results = false;
    if (task.state.cancel(state.generation()) == StateWord::Submit::kSubmit) submit(task);
  });
  // A holder that still runs may be reading a result, and ends its holds itself. Those that are left
  // when nothing runs any more, or can, have been forgotten.
  if (only_results) release_holds(owner);
}

void Scheduler::release_holds(std::optional<OwnerId> owner) {
  for_each_task(owner, [&](TaskHeader& task, Snapshot state) {
    if (!state.has_join()) return;
    const auto closed = task.state.close_join(state.generation());
    if (closed == StateWord::CloseJoin::kDispose) dispose_somewhere(task);
  });
}

void Scheduler::discard_reservations(std::optional<OwnerId> owner) {
  for_each_task(owner, [&](TaskHeader& task, Snapshot state) {
    if (!state.is_reserved()) return;
    if (task.state.claim_reserved(state.generation())) discard_claimed(task);
  });
}

// Workers and monitor have ended, so nobody takes a task out of a queue any more; but threads outside
// may still end a hold or a reservation, whose tasks come to the queues as ever.
void Scheduler::drop_everything() {
  Worker& worker = *workers_.front();
  worker.adopt_thread();
  do {
    dispose_queued(worker);
    for_each_task(std::nullopt, [&](TaskHeader& task, Snapshot state) {
      if (state.is_reserved() || state.is_complete()) return;
      worker.finish_cancelled(task, *task.type.load(std::memory_order_relaxed));
    });
    release_holds(std::nullopt);
    discard_reservations(std::nullopt);
  } while (live_tasks(std::nullopt) != 0);
  worker.leave_thread();
}

// Ended tasks that wait in a queue for a worker to drop them are on nobody's list but the queue's. The
// others in it are found by their slots.
void Scheduler::dispose_queued(Worker& worker) {
  const auto dispose = [&](TaskHeader& task) {
    if (task.state.load().is_complete()) worker.dispose(task);
  };
  for (const auto& each : workers_) {
    while (TaskHeader* task = each->take_leftover()) dispose(*task);
  }
  unsigned shard = 0;
  TaskHeader* task = nullptr;
  while (global_.pop(1, shard, task) != 0) dispose(*task);
}

void Scheduler::forget_owner(OwnerId owner) {
  types_.retire(owner);
  owners_.close(owner);
}

std::uint64_t Scheduler::live_tasks(std::optional<OwnerId> owner) const {
  return types_.live(owner);
}

}  // namespace ekiden::runtime
