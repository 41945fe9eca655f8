// The blocking pool: a bounded set of threads and a bounded queue for functions that may block, so
// that no worker of the scheduler has to.
//
// Who runs a job. Threads are started on demand, when a job is queued and nobody is there for it,
// and leave when they found nothing for the keep-alive. At most one thread at a time is on its way
// to the queue (woken or started, not yet arrived): it takes the first job, and if there is another
// one sends the next thread on its way before it runs its own. So a burst of jobs costs its
// submitter one wake-up, and short jobs are often all run by the first thread that arrives.
//
// Why no job is left behind. All of the following is decided under the pool's lock. While jobs are
// queued, either a thread is on its way, or nobody is idle and no thread can be had; then every
// thread runs a job, and a thread looks into the queue whenever it has finished one, before it can
// become idle or leave. A thread is started under the lock too (about 30 µs, rare): so its failure
// is known before anybody counts on it. If none at all runs, the submitter gets the error and the
// job back; else the job waits for those that run.
//
// Unload. A job counts from submit() until its slot is free, and that comes after the last
// instruction of its owner's code (run, drop, the destructor of what they threw) has been left, by
// the same lock that guards the count. So when count() says 0 for an owner whose admission is
// stopped, no pool thread is or will be in its code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"
#include "runtime/blocking/guarded_call.hpp"
#include "runtime/blocking/job.hpp"
#include "runtime/blocking/job_table.hpp"
#include "runtime/blocking/pool_thread.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

// Starts a thread that runs `body`; 0 or an error number. It must not call the pool.
using ThreadStarter = std::function<int(std::function<void()> body, std::thread& out)>;
int start_std_thread(std::function<void()> body, std::thread& out);

struct BlockingPoolOptions {
  unsigned threads_max = 64;          // at least 1
  std::size_t queue_capacity = 4096;  // jobs that wait for a thread; at least 1
  Nanos keep_alive_ns = 10 * kNanosPerSecond;
  std::string thread_name = "ekiden-blk";         // 15 bytes are seen
  const Clock* clock = &SystemClock::instance();  // for RunningJob::since_ns
  ThreadStarter start_thread = start_std_thread;
};

struct BlockingPoolStats {
  unsigned threads = 0;
  unsigned idle = 0;
  std::size_t queued = 0;
  std::size_t queued_high_water = 0;
  std::size_t queue_capacity = 0;
  std::uint64_t submitted = 0;  // accepted ones
  std::uint64_t refused = 0;    // because the queue was full or no thread could be had
  std::uint64_t completed = 0;  // run to their end, failed ones included
  std::uint64_t failed = 0;
  std::uint64_t dropped = 0;  // never run
  std::uint64_t thread_start_failures = 0;
};

// Any thread may call everything, unless a comment says otherwise. A handle that is null or of
// another kind is kInvalid; one that is closed is kStale; one of another owner is kForeign.
class BlockingPool {
 public:
  using Options = BlockingPoolOptions;
  using Stats = BlockingPoolStats;

  // `target` outlives this. No thread is started yet.
  BlockingPool(WakeTarget& target, Options options);
  // Shuts down and waits for every job, however long that takes. Who cannot wait calls shutdown()
  // with a deadline and does not destroy a pool that still runs jobs.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // kFull; kDraining after shutdown; kNoMemory: no slot, or not one thread could be started
  // (`os_error` says why; 0 otherwise); kInvalid: no function or no such owner. Then the job stays
  // the caller's and is neither run nor dropped.
  Status submit(OwnerId owner, const Job& job, Handle& out, int* os_error = nullptr);
  // kOk: it has ended, `result` is what it returned. kFailed: an exception left it, `failure` (may
  // be null) is the text. kCancelled: it was dropped by a shutdown. Ended jobs answer the same
  // until they are closed. kPending: `waker` replaces the one before and is woken when it ends.
  Status poll(OwnerId owner, Handle job, Waker waker, std::int32_t& result, std::string* failure);
  // Gives the handle back, and the waker up. A queued job is dropped here, before close returns; a
  // running one goes on and its result is thrown away.
  Status close(OwnerId owner, Handle job);

  // Unload: closes all jobs of the owner; queued ones are dropped here. Their wakers are woken.
  // Returns how many are still in the owner's code, on pool threads or in a drop elsewhere.
  std::size_t cancel_all(OwnerId owner);
  // Jobs of the owner that exist: queued, running, ended and not closed. Exact.
  std::size_t count(OwnerId owner) const;
  // The same by who submitted them.
  MakerCounts count_makers(OwnerId owner) const;
  // What runs now, of everybody or of one owner.
  std::vector<RunningJob> running() const;
  std::vector<RunningJob> running(OwnerId owner) const;
  Stats stats() const;
  // What has become of a job that somebody waits for; nothing where the handle is stale or foreign.
  std::optional<JobState> state_of(OwnerId owner, Handle job) const;

  // Takes no more work, drops what is queued (on this thread), and joins the threads as they
  // finish, until `deadline` (CLOCK_MONOTONIC). True when all have: nothing of the pool runs any
  // more. False: `stuck` says what still runs, and the call may be repeated. Not on a thread of the
  // pool.
  [[nodiscard]] bool shutdown(Nanos deadline, std::vector<RunningJob>* stuck = nullptr);

 private:
  // Threads
  PoolThread* call_helper(int& os_error) EKIDEN_REQUIRES(mutex_);
  int start_thread() EKIDEN_REQUIRES(mutex_);
  int try_start_thread() EKIDEN_REQUIRES(mutex_);
  void thread_main(PoolThread& self);
  JobSlot* arrive(PoolThread& self);
  bool sleep(PoolThread& self);
  bool leave_idle(PoolThread& self);
  std::thread leave(PoolThread& self) EKIDEN_REQUIRES(mutex_);
  bool wait_all_left(Nanos deadline);

  // Running
  JobSlot* take_job(PoolThread& self, Nanos now) EKIDEN_REQUIRES(mutex_);
  JobSlot* run_job(PoolThread& self, JobSlot& slot);
  Waker finish_job(PoolThread& self, JobSlot& slot, JobOutcome& outcome) EKIDEN_REQUIRES(mutex_);
  void finish_unwinding(PoolThread& self, JobSlot& slot, JobOutcome& outcome);

  // Jobs that are taken out of the queue, linked by `next`
  void withdraw(JobSlot& slot, JobSlot*& list) EKIDEN_REQUIRES(mutex_);
  void withdraw_all(JobSlot*& list) EKIDEN_REQUIRES(mutex_);
  void drop_withdrawn(JobSlot* list);
  Waker end_job(JobSlot& slot, JobState state) EKIDEN_REQUIRES(mutex_);
  void wake(Waker waker);

  WakeTarget& target_;
  const Options options_;

  mutable Mutex mutex_;
  ConditionVariable all_left_;  // threads_ became 0
  JobTable jobs_ EKIDEN_GUARDED_BY(mutex_);
  JobQueue queue_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<PoolThread>> records_ EKIDEN_GUARDED_BY(mutex_);
  // Records without a thread; threads that sleep, of which the last one is woken first.
  std::vector<PoolThread*> spare_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<PoolThread*> idle_ EKIDEN_GUARDED_BY(mutex_);
  // A thread that leaves joins the one that left before it.
  std::thread last_left_ EKIDEN_GUARDED_BY(mutex_);
  unsigned threads_ EKIDEN_GUARDED_BY(mutex_) = 0;
  unsigned on_its_way_ EKIDEN_GUARDED_BY(mutex_) = 0;
  bool stopping_ EKIDEN_GUARDED_BY(mutex_) = false;
  Stats stats_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::runtime
