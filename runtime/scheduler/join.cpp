// How the end of a task is learnt, and what a polled task says about itself.

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

// No end is missed: we store the waker (seq_cst), then load the state (seq_cst); complete() sets
// the flag (seq_cst), then its caller takes the waker (seq_cst). Either we see the flag, or it sees
// the waker.
Status Scheduler::join_poll(OwnerId owner, Handle handle, Waker waker, JoinResult& out) {
  TaskHeader* task = nullptr;
  if (const Status status = find_owned(owner, handle, task); status != Status::kOk) return status;
  if (!task->state.load().has_join()) return Status::kWrongState;
  if (!task->state.load().is_complete()) {
    // A null waker only asks, and leaves whoever waits alone.
    if (waker.is_null()) return Status::kPending;
    task->join_waker.store(waker.bits(), std::memory_order_seq_cst);
    if (!task->state.load_after_store().is_complete()) return Status::kPending;
    task->join_waker.store(0, std::memory_order_relaxed);
  }
  if (task->bits & TaskHeader::kBitCancelled) {
    out.status = Status::kCancelled;
  } else if (task->bits & TaskHeader::kBitFailed) {
    out.status = Status::kFailed;
    tasks_.with_extra(*task, [&](const TaskExtra* extra) {
      if (extra == nullptr) return;
      out.fail_code = extra->fail_code;
      out.fail_text = extra->fail_text;
    });
  } else {
    out.status = Status::kOk;
    out.state = task->state_memory();
  }
  return Status::kOk;
}

Status Scheduler::join_close(OwnerId owner, Handle handle) {
  TaskHeader* task = nullptr;
  if (const Status status = find_owned(owner, handle, task); status != Status::kOk) return status;
  switch (task->state.close_join(handle.generation())) {
    case StateWord::CloseJoin::kStale:
      return Status::kWrongState;
    case StateWord::CloseJoin::kDetached:
      return Status::kOk;
    case StateWord::CloseJoin::kDispose:
      dispose_somewhere(*task);
      return Status::kOk;
  }
  return Status::kOk;
}

// The task is complete, its hold is ours. Drops run on workers: here if this is one, else the task
// takes the way of all work, unless nothing of it has to run.
void Scheduler::dispose_somewhere(TaskHeader& task) {
  if (Worker* worker = here()) return worker->dispose(task);
  TaskType& type = *task.type.load(std::memory_order_relaxed);
  const bool is_bare = type.drop == nullptr && (task.bits & TaskHeader::kBitChild) == 0 &&
                       task.children.load(std::memory_order_acquire) == 0;
  if (!is_bare) return push_global(task);
  outside_counters(type).dropped.fetch_add(1, std::memory_order_relaxed);
  // False: the worker that has completed it has not let go of it yet, and frees it when it does.
  if (!task.state.unref()) return;
  const OwnerId owner = type.owner.load(std::memory_order_relaxed);
  tasks_.free(task, nullptr);
  uncount_new(owner, type);
}

Status Scheduler::children_poll(OwnerId owner) {
  Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return Status::kWrongThread;
  TaskHeader& task = *worker->polled();
  if (owner_of(task) != owner) return Status::kForeign;
  // acquire: what the children did is seen by the parent that goes on. A last child that comes
  // after this load finds us running and leaves its wake in the state word.
  const std::uint32_t left = task.children.load(std::memory_order_acquire) & ~TaskHeader::kOwnShare;
  if (left == 0) return Status::kOk;
  // No task can wait for itself: its own handle stands for its children.
  note_wait(task.handle());
  return Status::kPending;
}

Status Scheduler::fail_text(OwnerId owner, std::int32_t code, std::string_view text) {
  Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return Status::kWrongThread;
  TaskHeader& task = *worker->polled();
  if (owner_of(task) != owner) return Status::kForeign;
  tasks_.edit_extra(task, [&](TaskExtra& extra) {
    extra.fail_code = code;
    extra.fail_text = text;
  });
  return Status::kOk;
}

std::optional<OwnerId> Scheduler::polling_owner() const {
  const Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return std::nullopt;
  return owner_of(*worker->polled());
}

bool Scheduler::spend_budget() {
  Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return true;
  PollContext& context = worker->context();
  if (context.budget > 0) {
    --context.budget;
    return true;
  }
  worker->count_budget_yield();
  wake(Waker(context.waker));
  return false;
}

void Scheduler::note_wait(Handle on) {
  Worker* worker = here();
  if (worker == nullptr || worker->polled() == nullptr) return;
  // relaxed: for people.
  worker->polled()->waits_on.store(on.bits(), std::memory_order_relaxed);
}

}  // namespace ekiden::runtime
