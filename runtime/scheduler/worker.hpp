// One scheduler thread: takes runnable tasks from its LIFO slot, its child stack, its ring, the
// global queue or another worker, polls them, and sleeps when there are none.
//
//      ┌──────────────── task found ───────────────┐
//      v                                            │
//   running ── nothing at home ──> searching ───────┤
//      ^                              │ nothing     │
//      │                              v             │
//      └─── woken, event, timer ── asleep (own word, or in the reactor)
//
// The code is in four files: worker.cpp has the loop and where tasks come from and go to,
// worker_idle.cpp searching and sleeping, worker_poll.cpp what happens to one task,
// worker_clock.cpp what is read from the clock and to whom the time is charged.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/observe/counters.hpp"
#include "runtime/observe/observe.hpp"
#include "runtime/queue/child_stack.hpp"
#include "runtime/queue/lifo_slot.hpp"
#include "runtime/queue/local_queue.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "runtime/scheduler/pace.hpp"
#include "runtime/scheduler/parker.hpp"
#include "runtime/scheduler/spin_gauge.hpp"
#include "runtime/task/presence.hpp"
#include "runtime/task/task_table.hpp"

namespace ekiden::runtime {

class Scheduler;
class Worker;

// Where a new task goes on a worker.
enum class SpawnPlace : std::uint8_t {
  kLifoSlot,      // what is there goes to the ring
  kFreeLifoSlot,  // or the ring, if it is not free
  kChildStack,
  kRing,
};

// The worker that the thread is.
inline thread_local constinit Worker* current_worker = nullptr;

class Worker {
 public:
  enum class Phase : std::uint8_t { kRunning, kSearching, kAsleep, kReactor, kStopped };

  Worker(Scheduler& scheduler, unsigned id);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The thread's body; returns after ask_to_leave().
  void run();
  // Before the thread of a replacement starts; the one before has been joined. The wheel of the
  // worker it stands in for is its own meanwhile: that one cannot turn it.
  void prepare_to_replace(const Worker& replaced);

  // The worker that this thread is, or null.
  static Worker* current() noexcept { return current_worker; }

  // --- On the worker's own thread --------------------------------------------------------------

  // A task that became runnable here goes where it fits: to the LIFO slot, and what was there to
  // the ring; what a turn of the reactor wakes to the ring, without waking others (that is done
  // once for the whole turn).
  void schedule(TaskHeader& task);
  // A new task that may run next: to the LIFO slot if that is free, else to the ring.
  void schedule_new(TaskHeader& task);
  // A task is about to be queued here: since now it is runnable.
  void stamp_runnable(TaskHeader& task) {
    if constexpr (!kObserve) return task.note_runnable_unstamped();
    if (!quiet_ && !stamps_exactly_) return task.note_runnable(context_.now_ns);
    if (quiet_) return task.note_runnable(turn_now());
    if (unstamped_left_ == 0 || stamp_base_ != context_.now_ns) return stamp_exactly(task);
    --unstamped_left_;
    task.note_runnable_unstamped();
  }
  // Into the ring's tail; overflow goes to the global queue. Wakes a sleeper.
  void push_ring(TaskHeader& task) {
    queue_last(task);
    if (!quiet_) notify_one();
  }
  // The same without waking anybody, for a batch.
  void queue_last(TaskHeader& task);
  // On the child stack; into the ring where that is full. Wakes nobody.
  void queue_child(TaskHeader& task);
  // After a push: wakes a sleeper, if there is one and nobody searches.
  void notify_one();
  // True if one more new task fits: in the place it goes to, in the ring, or else in the global
  // queue, which has to admit what overflows.
  bool has_room_for(SpawnPlace place) const;

  // Drops an ended task and takes a reference away, once its children are gone.
  void dispose(TaskHeader& task);
  // Ends a task without another poll, as cancelled; the caller has it in hand.
  void finish_cancelled(TaskHeader& task, TaskType& type);
  // Makes the calling thread this worker, whose own thread has ended: for the last drops.
  void adopt_thread();
  void leave_thread();

  TaskHeader* polled() const { return polled_; }
  // In a poll or drop of one of the owner's tasks.
  bool is_in(OwnerId owner) const {
    return presence_->current.load(std::memory_order_relaxed) == owner;
  }
  PollContext& context() { return context_; }
  TaskTable::Caches& task_caches() { return task_caches_; }
  SlotArena::Cache& timer_cache() { return timer_cache_; }
  TypeCounters& counters_of(TaskType& type) { return type.counters[id_]; }
  Nanos cached_now() const { return context_.now_ns; }
  void count_budget_yield() { add_relaxed<std::uint64_t>(counters_.budget_yields, 1); }

  // --- Any thread ------------------------------------------------------------------------------

  unsigned id() const { return id_; }
  // Where its tasks' timers go. Its own thread.
  unsigned wheel() const { return wheel_; }
  const Scheduler& scheduler() const { return scheduler_; }
  // True: the worker sits in the reactor, and the caller interrupts that.
  [[nodiscard]] bool unpark() { return parker_.unpark(); }
  const WorkerCounters& counters() const { return counters_; }
  // Tasks in its ring and on its child stack.
  std::size_t queued() const { return ring_.size() + children_.size(); }
  bool lifo_empty() const { return lifo_.empty(); }
  Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  // The handle of the task in poll or drop, or of the last one; 0 for none.
  std::uint64_t current_task() const { return current_.load(std::memory_order_acquire); }

  // The monitor saw that the poll with this number did not end within its tick: from now on the
  // LIFO slot may be taken.
  void mark_stuck(std::uint64_t at_poll) { stuck_at_.store(at_poll, std::memory_order_relaxed); }
  // It leaves after the poll it is in. Whoever calls it also wakes it if it sleeps. seq_cst: the
  // worker looks at it after it has joined the sleepers.
  void ask_to_leave() { leaves_.store(true, std::memory_order_seq_cst); }
  bool is_stuck() const {
    return counters_.polls.load(std::memory_order_relaxed) ==
           stuck_at_.load(std::memory_order_relaxed);
  }

 private:
  // worker.cpp
  TaskHeader* next_task();
  TaskHeader* next_at_home();
  TaskHeader* next_ahead();
  TaskHeader* next_in_turn();
  TaskHeader* take_global();
  void requeue(TaskHeader& task);
  void overflow(TaskHeader& task);
  void look_up();
  void look_at_events();
  void hand_over();

  // worker_clock.cpp
  void read_clock();
  void measure_clock();
  void charge(Nanos now, bool record = true);
  void charge_to(TaskType& type) {
    if (&type != charged_type_) change_type(type);
  }
  void change_type(TaskType& type);
  void observe_batch(TaskType& type, Nanos spent, bool record);
  void observe_delay(TaskHeader& task, TaskType& type, std::int64_t waited);
  Nanos turn_now();
  void stamp_exactly(TaskHeader& task);

  // worker_idle.cpp
  TaskHeader* search();
  TaskHeader* steal_round();
  TaskHeader* steal_lifo(Worker& victim);
  void stop_searching();
  void sleep();
  void sleep_on_own_word();
  void sleep_in_reactor();
  bool begin_look();
  void end_look(Nanos limit, bool found);
  Nanos time_to_look();
  std::size_t look_in_reactor();
  void look_at_own_word();
  bool come_back();
  void wait_for_notification();
  void arm_deadline();
  std::size_t turn_reactor(Wait wait);
  void after_sleep(bool woken);
  void begin_work(Nanos now);
  bool should_hand_on(std::size_t wakes);
  std::uint32_t next_random();

  // worker_poll.cpp
  void run_task(TaskHeader& task);
  void enter(TaskHeader& task, TaskType& type, Snapshot state);
  bool ends_now(const TaskType& type, Snapshot state) const;
  std::int32_t call_poll(TaskHeader& task, TaskType& type);
  void note_failure(TaskHeader& task, const char* text);
  void after_poll(TaskHeader& task, TaskType& type, Snapshot state, std::int32_t answer);
  void finish(TaskHeader& task, TaskType& type);
  void finish_held(TaskHeader& task);
  void wake_joiner(TaskHeader& task);
  void drop_and_free(TaskHeader& task);
  void call_drop(TaskHeader& task, TaskType& type);
  TaskHeader* free_slot(TaskHeader& task);
  TaskHeader* child_gone(Handle parent);
  void continue_parent(TaskHeader& task, std::uint32_t generation);

  Scheduler& scheduler_;
  const unsigned id_;

  bool replaces_ = false;  // constant while its thread runs

  // Owner only.
  unsigned wheel_;
  PollContext context_{};
  TaskHeader* polled_ = nullptr;
  bool dropping_ = false;                     // in a task's drop
  TaskType* charged_type_ = nullptr;          // what the time since charged_until_ belongs to
  TypeCounters* charged_counters_ = nullptr;  // its counters for this worker
  TaskType* last_woken_ = nullptr;            // by the last turn of reactor and timers
  presence::Record* presence_ = nullptr;
  Nanos clock_read_at_ = 0;
  Nanos charged_until_ = 0;
  Nanos events_seen_at_ = 0;
  Nanos clock_cost_ns_ = 0;        // of one reading
  std::uint64_t polls_timed_ = 0;  // those whose batch is over; see TypeTimes
  Nanos turn_stamp_ = 0;           // when this turn of reactor and timers woke its first task
  unsigned samples_left_ = 0;      // of batches that a change of type ends
  unsigned long_delays_left_ = 0;  // that are recorded one by one
  bool sample_delay_ = true;       // of the next poll
  bool stamps_exactly_ = true;     // the cached clock may be too old to stamp with
  Nanos exact_stamp_ = 0;          // the last stamp of a long poll
  Nanos stamp_base_ = 0;           // the cached clock then: another one is another poll
  unsigned unstamped_left_ = 0;    // tasks of that poll that go without a stamp
  const unsigned poll_budget_;
  const bool has_lifo_slot_;
  unsigned polls_until_events_;
  TaskHeader* continued_ = nullptr;  // in hand: a parent whose last child has just ended
  unsigned lifo_run_ = 0;
  unsigned ahead_run_ = 0;          // tasks in a row that were not the ring's
  bool oldest_child_first_ = true;  // and the global queue after it; by turns
  unsigned global_cursor_;
  std::uint32_t random_;
  bool searching_ = false;
  bool quiet_ = false;  // inside a turn of the reactor: pushes wake nobody
  Pace pace_;
  SpinGauge spin_gauge_;
  Nanos idle_since_ = 0;  // when it began to go to sleep
  TaskTable::Caches task_caches_;
  SlotArena::Cache timer_cache_;

  // Shared.
  LocalQueue<TaskHeader> ring_;
  ChildStack<TaskHeader> children_;
  alignas(kCacheLineBytes) LifoSlot<TaskHeader> lifo_;
  alignas(kCacheLineBytes) Parker parker_;
  alignas(kCacheLineBytes) WorkerCounters counters_;
  Atomic<std::uint64_t> current_{0};
  Atomic<bool> leaves_{false};
  Atomic<Phase> phase_{Phase::kRunning};
  Atomic<std::uint64_t> stuck_at_{~std::uint64_t{0}};
};

}  // namespace ekiden::runtime
