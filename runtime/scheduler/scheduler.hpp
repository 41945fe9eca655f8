// The scheduler: what its workers share, and what everybody else asks of it.
//
// scheduler.cpp has threads and wakes; spawn.cpp and spawn_call.cpp how a task comes to be;
// join.cpp how its end is learnt; cancel.cpp how it is made to end, alone or with its owner;
// inspect.cpp and inspect_tasks.cpp what people see.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/queue/global_queue.hpp"
#include "runtime/reactor/reactor.hpp"
#include "runtime/scheduler/config.hpp"
#include "runtime/scheduler/idle_set.hpp"
#include "runtime/scheduler/inspect.hpp"
#include "runtime/scheduler/monitor.hpp"
#include "runtime/scheduler/spawn_options.hpp"
#include "runtime/scheduler/worker.hpp"
#include "runtime/scheduler/worker_set.hpp"
#include "runtime/task/owner_table.hpp"
#include "runtime/task/task_table.hpp"
#include "runtime/timer/timers.hpp"

namespace ekiden::runtime {

class Scheduler final : public WakeTarget {
 public:
  Scheduler(const SchedulerConfig& config, const Clock& clock);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Throws std::system_error when a thread cannot be started; those that were are stopped again.
  void start();
  // Ends workers and monitor and waits for them. No task may be in a poll that does not return.
  void stop();
  // After stop: ends and drops whatever is left, on this thread.
  void drop_everything();

  // --- Tasks: see runtime.hpp, which passes these on -------------------------------------------
  Status type_register(OwnerId owner, const TaskTypeSpec& spec, TypeId& out);
  Status reserve(OwnerId owner, TypeId type, std::size_t size, std::size_t align, void*& state,
                 Handle& out);
  Status commit(OwnerId owner, Handle task, const SpawnOptions& options);
  Status commit_n(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                  const SpawnOptions& options, std::size_t& committed);
  Status discard(OwnerId owner, Handle task);
  Status spawn(OwnerId owner, TypeId type, const void* state, std::size_t size,
               const SpawnOptions& options, Handle& out);
  Status spawn_n(const NewTasks& batch, const SpawnOptions& options, std::uint64_t* out,
                 std::size_t& spawned);
  void wake(Waker waker) noexcept override;
  Status join_poll(OwnerId owner, Handle task, Waker waker, JoinResult& out);
  Status join_close(OwnerId owner, Handle task);
  Status abort(std::optional<OwnerId> owner, Handle task);
  Status children_poll(OwnerId owner);
  Status fail_text(OwnerId owner, std::int32_t code, std::string_view text);
  std::optional<OwnerId> polling_owner() const;
  bool is_worker_thread() const { return here() != nullptr; }
  bool spend_budget();
  void note_wait(Handle on);

  // --- Timers: the timer service, plus telling the sleeper -------------------------------------
  Status timer_create(OwnerId owner, Handle& out);
  Status timer_start(OwnerId owner, Nanos deadline, Waker waker, Handle& out);
  Status timer_arm(OwnerId owner, Handle timer, Nanos deadline);
  Status timer_poll(OwnerId owner, Handle timer, Waker waker);
  Status timer_close(OwnerId owner, Handle timer);

  // --- An owner leaves -------------------------------------------------------------------------
  // Cancels all tasks; nullopt: of all owners. `force`: tasks that end asynchronously get no more
  // polls than the others. Results that are still held when nothing else is left are given up: so
  // it is called again and again, until all are gone.
  void cancel_tasks(std::optional<OwnerId> owner, bool force);
  // Discards reservations that nobody committed.
  void discard_reservations(OwnerId owner);
  // Forgets the owner and its types; nothing of it may be left.
  void forget_owner(OwnerId owner);
  std::uint64_t live_tasks(std::optional<OwnerId> owner) const;

  // --- Seeing inside ---------------------------------------------------------------------------
  std::optional<TaskInfo> task_info(Handle task) const;
  std::vector<TaskInfo> list_tasks(std::optional<OwnerId> owner, Handle after,
                                   std::size_t limit) const;
  TaskScan begin_scan(TaskFilter filter, Handle after) const;
  void scan_tasks(TaskScan& scan, std::size_t slots, std::vector<TaskKey>& found) const;
  std::vector<WorkerInfo> list_workers() const;
  QueueInfo queue_info() const;
  std::vector<TypeInfo> list_types() const;
  TypeTimesSnapshot type_times(TypeId type) const;
  TypeTimesSnapshot worker_times(unsigned worker) const;
  // Every worker sleeps, and no task is queued. Sockets and threads that are no workers may still
  // bring something the next moment.
  bool is_idle() const;
  // Tasks in a poll or drop right now.
  std::vector<Straggler> running_tasks(std::optional<OwnerId> owner) const;

  OwnerTable& owners() { return owners_; }
  const OwnerTable& owners() const { return owners_; }
  Timers& timers() { return timers_; }
  const Timers& timers() const { return timers_; }
  Reactor& reactor() { return reactor_; }
  const Reactor& reactor() const { return reactor_; }
  const Clock& clock() const { return clock_; }
  const SchedulerConfig& config() const { return config_; }
  Nanos started_at() const { return started_at_; }

 private:
  friend class Worker;
  friend class Monitor;
  friend class Replacements;

  // The worker that this thread is, if it is one of ours.
  Worker* here() const noexcept {
    // A process may hold several runtimes (tests do).
    return current_worker != nullptr && &current_worker->scheduler() == this ? current_worker
                                                                             : nullptr;
  }
  static OwnerId owner_of(const TaskHeader& task) noexcept;
  // A number that spreads threads over shards.
  unsigned shard_hint() const noexcept;

  // scheduler.cpp
  void submit(TaskHeader& task);  // in hand -> a queue
  void note_runnable(TaskHeader& task) const;
  void push_global(TaskHeader& task);
  void notify_one();
  void unpark(unsigned worker);
  bool work_pending() const;
  void run_worker(unsigned id);

  // spawn.cpp
  Status find_owned(std::optional<OwnerId> owner, Handle handle, TaskHeader*& out) const;
  Status find_type(OwnerId owner, TypeId id, TaskType*& out) const;
  TaskHeader* allocate(TaskType& type, const SlotLayout& layout);
  Status commit_portion(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                        const SpawnOptions& options, SpawnPlace place, std::size_t& done);
  Status commit_one(Worker* worker, OwnerId owner, Handle handle, const SpawnOptions& options,
                    SpawnPlace place);
  void queue_new(Worker* worker, TaskHeader& task, bool join, SpawnPlace place);
  static SpawnPlace place_of(const SpawnOptions& options, std::size_t count);
  void announce(Worker* worker, SpawnPlace place);
  Status spawn_outside(TaskType& type, const NewTasks& batch, const SpawnOptions& options,
                       std::uint64_t* out, std::size_t& done);
  Status take_slots(TaskType& type, OwnerId owner, std::size_t count, Nanos now, TaskHeader** out,
                    std::size_t& taken);
  void make_runnable_outside(TaskHeader& task, bool join);
  Status spawn_here(Worker& worker, TaskType& type, const NewTasks& batch,
                    const SpawnOptions& options, std::uint64_t* out, std::size_t& done);
  Status make_here(Worker& worker, TaskType& type, OwnerId owner, SpawnPlace place,
                   TaskHeader*& out);
  static void fill_state(TaskHeader& task, const TaskType& type, const void* state,
                         std::size_t size);
  Status may_be_child(OwnerId owner, const SpawnOptions& options) const;
  static std::uint32_t begin_children(TaskHeader& parent, std::size_t count);
  void forget_children(TaskHeader& parent, std::size_t count, bool had_others);
  bool count_own(Worker& worker, OwnerId owner, TaskType& type);
  Status count_new(OwnerId owner, TaskType& type);
  void uncount_new(OwnerId owner, TaskType& type);
  void count_refusal(OwnerId owner);
  void describe(Worker* worker, TaskHeader& task, const SpawnOptions& options);
  void discard_claimed(TaskHeader& task);

  // inspect.cpp, inspect_tasks.cpp
  bool is_wanted(const TaskScan& scan, const std::vector<const TaskType*>& types,
                 const TaskHeader& task, Snapshot state, Nanos now) const;
  std::optional<TaskInfo> current_task(const Worker& worker) const;
  void describe_stalls(const Worker& worker, WorkerInfo& row) const;

  // join.cpp
  void dispose_somewhere(TaskHeader& task);

  // cancel.cpp
  template <class Visit>
  void for_each_task(std::optional<OwnerId> owner, Visit visit);
  void release_holds(std::optional<OwnerId> owner);
  void end_hold(TaskHeader& task, std::uint32_t generation);
  void end_task(Worker& worker, TaskHeader& task, Snapshot state);

  // timers and the sleeper in the reactor; replacements use the wheel of the one they stand in for
  unsigned outside_wheel() const { return config_.workers; }
  void deadline_lowered(Nanos deadline);
  TypeCounters& outside_counters(TaskType& type) { return type.counters[config_.worker_slots()]; }

  const SchedulerConfig config_;
  const Clock& clock_;
  const Nanos started_at_;

  OwnerTable owners_;
  TypeTable types_;
  TaskTable tasks_;
  GlobalQueue<TaskHeader> global_;
  IdleSet idle_;
  Timers timers_;
  Reactor reactor_;
  // True while somebody blocks in the reactor or is about to: then a lowered deadline must be told.
  alignas(kCacheLineBytes) Atomic<bool> reactor_sleeper_{false};
  alignas(kCacheLineBytes) Atomic<std::uint64_t> refusals_{0};
  // More than one CPU: somebody else can run meanwhile. And a clock that says for how long.
  const bool may_look_;
  // One idle worker looks before it sleeps; see Worker::begin_look.
  alignas(kCacheLineBytes) Atomic<bool> somebody_looks_{false};
  Atomic<std::uint64_t> reactor_turns_{0};  // the monitor looks whether it moves

  WorkerSet workers_;
  std::vector<std::thread> threads_;  // of the configured ones
  Monitor monitor_;
};

}  // namespace ekiden::runtime
