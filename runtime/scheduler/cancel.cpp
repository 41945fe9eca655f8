// How tasks are made to end: one by abort, an owner's all together, and what is left after the end.

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Status Scheduler::abort(std::optional<OwnerId> owner, Handle handle) {
  TaskHeader* task = nullptr;
  if (const Status status = find_owned(owner, handle, task); status != Status::kOk) return status;
  if (task->state.load().is_reserved()) return Status::kWrongState;
  if (task->state.cancel(handle.generation()) == StateWord::Submit::kSubmit) submit(*task);
  return Status::kOk;
}

// Visits the live tasks of an owner, or all. A slot may change hands meanwhile: what `visit` does
// takes the generation, and then does nothing.
template <class Visit>
void Scheduler::for_each_task(std::optional<OwnerId> owner, Visit visit) {
  tasks_.walk(std::nullopt, [&](TaskHeader& task, std::uint32_t) {
    const Snapshot state = task.state.load_after_store();
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
  // A holder that still runs may be reading a result, and ends its holds itself. Those that are
  // left when nothing runs any more, or can, have been forgotten.
  if (only_results) release_holds(owner);
}

void Scheduler::release_holds(std::optional<OwnerId> owner) {
  for_each_task(owner, [&](TaskHeader& task, Snapshot state) {
    if (state.has_join()) end_hold(task, state.generation());
  });
}

void Scheduler::end_hold(TaskHeader& task, std::uint32_t generation) {
  if (task.state.close_join(generation) == StateWord::CloseJoin::kDispose) dispose_somewhere(task);
}

void Scheduler::discard_reservations(OwnerId owner) {
  for_each_task(owner, [&](TaskHeader& task, Snapshot state) {
    if (!state.is_reserved()) return;
    if (task.state.claim_reserved(state.generation())) discard_claimed(task);
  });
}

// Workers and monitor have ended, so nothing polls and nobody takes a task out of a queue any more:
// tasks are found by their slots. Threads outside may still end a hold or be about to commit or
// discard what they have reserved; so it goes on until the last one is gone.
void Scheduler::drop_everything() {
  Worker& worker = *workers_.front();
  worker.adopt_thread();
  for (;;) {
    for_each_task(std::nullopt,
                  [&](TaskHeader& task, Snapshot state) { end_task(worker, task, state); });
    if (live_tasks(std::nullopt) == 0) break;
    std::this_thread::yield();
  }
  worker.leave_thread();
}

void Scheduler::end_task(Worker& worker, TaskHeader& task, Snapshot state) {
  if (state.is_reserved()) {
    if (task.state.claim_reserved(state.generation())) discard_claimed(task);
  } else if (state.has_join()) {
    end_hold(task, state.generation());
  } else if (state.is_complete()) {
    // A thread that is no worker has ended its hold and queued it for one.
    if (!task.waits_for_children()) worker.dispose(task);
  } else {
    worker.finish_cancelled(task, *task.type.load(std::memory_order_relaxed));
  }
}

void Scheduler::forget_owner(OwnerId owner) {
  types_.retire(owner);
  owners_.close(owner);
}

std::uint64_t Scheduler::live_tasks(std::optional<OwnerId> owner) const {
  return types_.live(owner);
}

}  // namespace ekiden::runtime
