// The runtime's public face: one work-stealing scheduler with its queues, one reactor, timers and a
// blocking pool. It knows owners by number and tasks by poll function; it knows no plugins.
//
// Threads: unless a comment says otherwise, any thread may call any function between start() and
// the end of shutdown(). `create`d things have one owner; using another owner's is kForeign.
//
//   Runtime ──> Scheduler ──> Workers (threads) ──> tasks
//                  │   └────> Monitor (thread)
//                  ├──> Timers, Reactor      turned by whichever worker is idle or due
//                  ├──> BlockingPool         its own threads
//                  └──> Channels             no thread: whoever sends wakes who receives
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/cpu_count.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/scheduler/config.hpp"
#include "runtime/scheduler/inspect.hpp"
#include "runtime/scheduler/spawn_options.hpp"
#include "runtime/task/task_type.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

class BlockingPool;
class Channels;
class Reactor;

struct Options {
  unsigned workers = 0;  // 0: usable_cpus()
  std::size_t local_queue_capacity = 256;
  std::size_t global_queue_capacity = 1'048'576;
  unsigned global_queue_interval = 0;  // polls; 0: tuned by the worker itself
  unsigned event_interval = 61;        // polls
  bool lifo_slot = true;
  unsigned poll_budget = 128;

  unsigned blocking_threads_max = 64;
  std::size_t blocking_queue_capacity = 4096;
  Nanos blocking_keep_alive_ns = 10 * kNanosPerSecond;

  // A poll that lasts longer is reported, and counted.
  Nanos stall_report_ns = 50 * kNanosPerMilli;
  // Another worker replaces the one it holds, for so long. Where it is less than stall_report_ns it
  // is that.
  Nanos stall_replace_ns = 200 * kNanosPerMilli;
  std::optional<unsigned> stall_replace_max;  // at a time, to kReplacementsMax; none: `workers`

  // Told each event of a stall, on the monitor's thread. May be empty.
  std::function<void(const Stall&)> on_stall;
};

// What an owner holds now. Exact once its admission is stopped.
struct Ledger {
  std::uint64_t tasks = 0;  // reservations included
  std::uint64_t timers = 0;
  std::uint64_t ios = 0;
  std::uint64_t jobs = 0;
  std::uint64_t channel_ends = 0;
  bool empty() const {
    return tasks == 0 && timers == 0 && ios == 0 && jobs == 0 && channel_ends == 0;
  }
};

// Timers, descriptors, jobs, ends of channels or buffers of one owner that tasks of one type have
// made. Buffers are memory and no part of the ledger: they may be had until the owner is closed.
struct Made {
  HandleKind kind = HandleKind::kTimer;
  TypeId maker = 0;  // 0: made outside a task
  std::uint64_t count = 0;
};

class Runtime {
 public:
  // `clock` outlives it. Timers go by it; I/O, the blocking pool's threads, the monitor and every
  // wait for a thread go by the system's, whatever it is.
  explicit Runtime(const Options& options, const Clock& clock = SystemClock::instance());
  ~Runtime();  // shutdown() must have returned no straggler, or start() not been called
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Starts workers and monitor. Throws std::system_error when a thread cannot be started.
  void start();
  // Takes no new work, cancels every task, waits until all are dropped and stops the threads.
  // `deadline_ns` (CLOCK_MONOTONIC) bounds it; empty when everything is gone, else who did not
  // return. Then nothing has been freed, and the process has to leave by _exit. Not on a thread of
  // the runtime.
  [[nodiscard]] std::vector<Straggler> shutdown(Nanos deadline_ns);

  // --- Owners ----------------------------------------------------------------------------------
  // task_limit: live tasks, 0 for no limit. kLimit when kMaxOwners exist; kDraining after
  // shutdown() has begun.
  Status owner_open(std::string name, std::uint64_t task_limit, OwnerId& out);
  std::string owner_name(OwnerId owner) const;
  // From now on spawn, timer, descriptor and job calls of the owner answer kDraining.
  void owner_stop_admission(OwnerId owner);
  // Cancels every live task of the owner; each ends the way its type says.
  // `force`: tasks that end asynchronously get no more polls than the others. To be repeated until
  // the ledger shows no task: results that are still held are given up by a call that finds nothing
  // else.
  void owner_cancel_tasks(OwnerId owner, bool force = false);
  // Closes what is left of timers, descriptors and ends of channels, releases buffers, takes queued
  // jobs out, discards reservations. After its tasks are gone.
  void owner_close_resources(OwnerId owner);
  Ledger owner_ledger(OwnerId owner) const;
  // What it holds besides tasks, by kind and by who made it. Looks at every timer, descriptor, job,
  // end and buffer that there is.
  std::vector<Made> owner_made(OwnerId owner);
  // True when the ledger is empty and no thread is in the owner's code.
  bool owner_quiescent(OwnerId owner) const;
  // What of the owner's code runs right now: polls and jobs.
  std::vector<Straggler> owner_running(OwnerId owner) const;
  // Forgets the owner and its types. It must be quiescent, with its admission stopped.
  void owner_close(OwnerId owner);
  std::uint64_t owner_refusals(OwnerId owner) const;

  // --- Tasks -------------------------------------------------------------------------------------
  // kInvalid, kTooBig, kLimit, kDraining.
  Status type_register(OwnerId owner, const TaskTypeSpec& spec, TypeId& out);
  // size, align: 0 for the type's. kInvalid, kForeign (type), kTooBig, kLimit, kDraining,
  // kNoMemory.
  Status reserve(OwnerId owner, TypeId type, std::size_t size, std::size_t align, void*& state,
                 Handle& out);
  // kFull, kDraining: the reservation stands. kStale, kForeign, kWrongState, kWrongThread.
  Status commit(OwnerId owner, Handle task, const SpawnOptions& options);
  Status commit_n(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                  const SpawnOptions& options, std::size_t& committed);
  Status discard(OwnerId owner, Handle task);
  // reserve, copy `size` bytes of `state` (the rest of the type's state is zero), commit. Errors as
  // of these, and kTooBig where `size` is over the type's; nothing is left behind.
  Status spawn(OwnerId owner, TypeId type, const void* state, std::size_t size,
               const SpawnOptions& options, Handle& out);
  // The same for a batch, in order until one is refused, whose error is the answer. `out`: room for
  // the handles, or null. `spawned`: how many there are.
  Status spawn_n(const NewTasks& batch, const SpawnOptions& options, std::uint64_t* out,
                 std::size_t& spawned);
  void wake(Waker waker) noexcept;
  Status join_poll(OwnerId owner, Handle task, Waker waker, JoinResult& out);
  Status join_close(OwnerId owner, Handle task);
  Status abort(OwnerId owner, Handle task);
  // For operators: any owner's task.
  Status abort_any(Handle task);
  Status children_poll(OwnerId owner);                                        // worker only
  Status fail_text(OwnerId owner, std::int32_t code, std::string_view text);  // worker only

  // The owner of the task that this thread polls, or nullopt.
  std::optional<OwnerId> polling_owner() const;
  // In a poll or a drop, then.
  bool is_worker_thread() const;
  // Takes one from the budget of the poll that this thread is in. False: it is spent; the task has
  // been woken, so the caller answers "pending". True everywhere else.
  bool spend_budget();
  // For task lists: what the polled task found pending. Nothing on other threads.
  void note_wait(Handle on);

  // --- Timers ------------------------------------------------------------------------------------
  Nanos now_ns() const;
  Status timer_create(OwnerId owner, Handle& out);
  // create, arm and poll in one, and note_wait: see Timers::start.
  Status timer_start(OwnerId owner, Nanos deadline_ns, Waker waker, Handle& out);
  Status timer_arm(OwnerId owner, Handle timer, Nanos deadline_ns);
  Status timer_poll(OwnerId owner, Handle timer, Waker waker);
  Status timer_cancel(OwnerId owner, Handle timer);
  Status timer_close(OwnerId owner, Handle timer);
  bool timer_describe(Handle timer, Nanos& deadline_ns) const;

  // --- A clock that is turned by hand (Clock::runs() is false) ----------------------------------
  // Whoever turns the clock calls clock_changed() afterwards: it fires every timer that is due,
  // exact to the nanosecond, on the calling thread, and returns how many those were. Nobody else
  // fires any. next_timer_ns: the earliest deadline of an armed timer, kNever if there is none.
  // Both look at every timer.
  std::size_t clock_changed();
  Nanos next_timer_ns() const;
  // Nothing runs and nothing is queued: every worker and every thread of the pool sleeps. Holds
  // until somebody outside (a thread that is not the runtime's, a socket, the clock) does
  // something.
  bool is_idle() const;

  // --- Descriptors, blocking jobs, channels ----------------------------------------------------
  // Their functions take the owner; ask `admits` first where one creates something new.
  Reactor& reactor();
  BlockingPool& blocking();
  Channels& channels();
  bool admits(OwnerId owner) const;

  // --- Seeing inside: consistent a row, not across rows; never waits for a worker --------------
  std::uint64_t live_tasks() const;
  std::uint64_t live_tasks(OwnerId owner) const;
  unsigned workers() const;
  Nanos uptime_ns() const;
  std::optional<TaskInfo> task_info(Handle task) const;
  // Up to `limit` live tasks in slot order behind `after` (null: from the start).
  std::vector<TaskInfo> list_tasks(std::optional<OwnerId> owner, Handle after,
                                   std::size_t limit) const;
  // A scan of all tasks behind slot `after` (null: from the start) in portions: scan_tasks looks at
  // the next `slots` slots and adds what the filter wants to `found`, until scan.done. Takes no
  // lock a slot; about 20 to 100 ns each.
  TaskScan begin_scan(TaskFilter filter, Handle after) const;
  void scan_tasks(TaskScan& scan, std::size_t slots, std::vector<TaskKey>& found) const;
  std::vector<WorkerInfo> list_workers() const;
  QueueInfo queue_info() const;
  std::vector<TypeInfo> list_types() const;
  // How long polls last and how long tasks wait for them: of one type (empty if there is none), and
  // of all that ever ran on one worker (a number of list_workers()). Both can be merged.
  TypeTimesSnapshot type_times(TypeId type) const;
  TypeTimesSnapshot worker_times(unsigned worker) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ekiden::runtime
