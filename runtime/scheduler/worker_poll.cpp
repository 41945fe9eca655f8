// What happens to one task on a worker: poll, what the answer means, end, drop.

#include <cxxabi.h>

#include <exception>
#include <utility>

#include "runtime/scheduler/scheduler.hpp"
#include "runtime/scheduler/worker.hpp"

namespace ekiden::runtime {

[[gnu::flatten]]  // the hottest way through: one function is a tenth quicker
void Worker::run_task(TaskHeader& task) {
  TaskType& type = *task.type.load(std::memory_order_relaxed);
  const Snapshot state = task.state.start_poll();
  if (state.is_complete()) [[unlikely]] {
    // It was put into a queue by a thread that may not drop it.
    charge_to(type);
    return dispose(task);
  }
  enter(task, type, state);
  // relaxed: for people. What it found pending the last time says nothing of this poll, and it is
  // in no queue any more.
  task.waits_on.store(0, std::memory_order_relaxed);
  if (state.is_cancelled() && type.cancel == CancelMode::kDropNow) [[unlikely]] {
    return finish_cancelled(task, type);
  }
  polled_ = &task;
  const std::int32_t answer = call_poll(task, type);
  polled_ = nullptr;
  after_poll(task, type, state, answer);
}

void Worker::enter(TaskHeader& task, TaskType& type, Snapshot state) {
  charge_to(type);
  context_.cancelled = state.is_cancelled();
  context_.waker = Handle(HandleKind::kTask, task.index, state.generation()).bits();
  context_.local = &task.local;
  context_.budget = poll_budget_;
  add_relaxed<std::uint64_t>(counters_.polls, 1);
  // release: whoever sees the handle sees the poll counted, so that the monitor does not take it
  // for the one before.
  current_.store(context_.waker, std::memory_order_release);
  add_relaxed<std::uint64_t>(charged_counters_->polls, 1);
  add_relaxed<std::uint32_t>(task.polls, 1);
  task.last_worker.store(static_cast<std::uint16_t>(id_), std::memory_order_relaxed);
  if constexpr (kObserve) {
    const std::int64_t waited = task.waited_until(context_.now_ns);
    constexpr auto kLong = static_cast<std::int64_t>(TypeTimes::kLongDelayNs);
    if (sample_delay_ || (waited >= kLong && long_delays_left_ != 0))
      observe_delay(task, type, waited);
  }
}

// Callbacks must not unwind. Where a C++ exception does come out, only this task ends. A forced
// unwind (pthread_cancel) must go on, by the rules of the C++ ABI.
std::int32_t Worker::call_poll(TaskHeader& task, TaskType& type) {
  try {
    return type.poll(task.state_memory(), &context_);
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& e) {
    note_failure(task, e.what());
  } catch (...) {
    note_failure(task, "an exception that is no std::exception left the poll");
  }
  return kPollFailed;
}

// The text is copied here, inside the catch block: the exception object is destroyed before the
// task ends, so before its plugin can go.
void Worker::note_failure(TaskHeader& task, const char* text) {
  scheduler_.tasks_.edit_extra(task, [&](TaskExtra& extra) { extra.fail_text = text; });
}

// A cancelled task that has had its last permitted poll.
bool Worker::ends_now(const TaskType& type, Snapshot state) const {
  if (!state.is_cancelled()) return false;
  return type.cancel != CancelMode::kAsync ||
         scheduler_.owners_.is_forced(type.owner.load(std::memory_order_relaxed));
}

void Worker::after_poll(TaskHeader& task, TaskType& type, Snapshot state, std::int32_t answer) {
  switch (answer) {
    case kPollReady:
      add_relaxed<std::uint64_t>(charged_counters_->completed, 1);
      return finish(task, type);
    case kPollPending:
      if (ends_now(type, state)) return finish_cancelled(task, type);
      task.queue_next.set_since(context_.now_ns);
      if (task.state.end_pending() == StateWord::Submit::kSubmit) requeue(task);
      return;
    case kPollYield:
      if (ends_now(type, state)) return finish_cancelled(task, type);
      return requeue(task);
    case kPollCancelled:
      return finish_cancelled(task, type);
    default:
      task.bits |= TaskHeader::kBitFailed;
      add_relaxed<std::uint64_t>(counters_of(type).failed, 1);
      return finish(task, type);
  }
}

void Worker::finish_cancelled(TaskHeader& task, TaskType& type) {
  task.bits |= TaskHeader::kBitCancelled;
  add_relaxed<std::uint64_t>(counters_of(type).cancelled, 1);
  finish(task, type);
}

// A task that nobody holds and that has no children is dropped and free in one go.
void Worker::finish(TaskHeader& task, TaskType& type) {
  // acquire: what the children did is seen by the drop. Only the task's own polls make children,
  // and those are over: 0 stays 0.
  if (task.children.load(std::memory_order_acquire) != 0 || !task.state.is_unheld()) {
    return finish_held(task);
  }
  call_drop(task, type);
  add_relaxed<std::uint64_t>(counters_of(type).dropped, 1);
  task.state.free_unheld();
  if (TaskHeader* parent = free_slot(task)) drop_and_free(*parent);
}

// Who drops: if somebody holds the task, whoever ends that hold; else this worker, now, or the last
// child. Our own reference keeps the slot while the joiner is woken, for the holder may be quick.
void Worker::finish_held(TaskHeader& task) {
  const Snapshot before = task.state.complete();
  if (!before.has_join()) return dispose(task);
  wake_joiner(task);
  if (!task.state.unref()) return;
  if (TaskHeader* parent = free_slot(task)) drop_and_free(*parent);
}

void Worker::wake_joiner(TaskHeader& task) {
  // seq_cst: after the store of kComplete in complete(); see join_poll for the other side.
  const std::uint64_t waker = task.join_waker.exchange(0, std::memory_order_seq_cst);
  if (waker != 0) scheduler_.wake(Waker(waker));
}

// Children may point into the state, so it stays until the last of them is dropped; that one then
// goes on here.
void Worker::dispose(TaskHeader& task) {
  // Only the task's own polls make children, and those are over: 0 stays 0.
  if (task.children.load(std::memory_order_acquire) != 0 &&
      task.children.fetch_sub(TaskHeader::kOwnShare, std::memory_order_acq_rel) !=
          TaskHeader::kOwnShare) {
    return;
  }
  drop_and_free(task);
}

// Drops the task, and each parent that ended before and had only waited for this child. A loop,
// because generations of them may stand behind one another.
void Worker::drop_and_free(TaskHeader& task) {
  for (TaskHeader* next = &task; next != nullptr;) {
    TaskType& type = *next->type.load(std::memory_order_relaxed);
    call_drop(*next, type);
    add_relaxed<std::uint64_t>(counters_of(type).dropped, 1);
    next = next->state.unref() ? free_slot(*next) : nullptr;
  }
}

void Worker::call_drop(TaskHeader& task, TaskType& type) {
  if (type.drop == nullptr) return;
  PresenceScope scope(*presence_, type.owner.load(std::memory_order_relaxed));
  // Within a poll that one is what runs here; else a drop that does not return is seen by this.
  if (polled_ == nullptr) current_.store(task.handle().bits(), std::memory_order_release);
  const bool within_another = std::exchange(dropping_, true);
  try {
    type.drop(task.state_memory());
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    // The task is over anyway; there is nobody left to tell but its counters.
    add_relaxed<std::uint64_t>(counters_of(type).failed, 1);
  }
  dropping_ = within_another;
}

// The slot's last reference is gone. Returns the parent if that is to be dropped now.
TaskHeader* Worker::free_slot(TaskHeader& task) {
  TaskType& type = *task.type.load(std::memory_order_relaxed);
  const bool is_child = task.bits & TaskHeader::kBitChild;
  const Handle parent(task.parent.load(std::memory_order_relaxed));
  scheduler_.owners_.give_task(type.owner.load(std::memory_order_relaxed));
  scheduler_.tasks_.free(task, &task_caches_);
  Counter& freed = counters_of(type).freed;
  // release: whoever sees this task gone sees all that it did; see TypeCounters. From here on the
  // owner may be unloaded, unless the parent still stands for it.
  freed.store(freed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return is_child ? child_gone(parent) : nullptr;
}

// The child's share in the parent's count keeps the parent's slot, so it may be touched. Returns
// the parent if it has ended and this was what kept it.
TaskHeader* Worker::child_gone(Handle parent) {
  TaskHeader& task = *scheduler_.tasks_.at(parent.index());
  const std::uint32_t left = task.children.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (left == TaskHeader::kOwnShare) continue_parent(task, parent.generation());
  return left == 0 ? &task : nullptr;
}

// It waits for its children, or will look once more before it does. Between polls it goes on here
// at once: its memory is warm, and nobody has to be told. Not so within a poll or drop, which may
// last: from the LIFO slot others can take it then.
void Worker::continue_parent(TaskHeader& task, std::uint32_t generation) {
  if (task.state.wake(generation) != StateWord::Submit::kSubmit) return;
  stamp_runnable(task);
  if (polled_ == nullptr && !dropping_ && continued_ == nullptr) {
    continued_ = &task;
  } else {
    schedule(task);
  }
}

}  // namespace ekiden::runtime
