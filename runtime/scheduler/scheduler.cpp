#include "runtime/scheduler/scheduler.hpp"

#include <pthread.h>

#include <algorithm>
#include <bit>

#include "runtime/base/cpu_count.hpp"

namespace ekiden::runtime {

namespace {

// More shards than this gain nothing: a push holds the lock for some 20 ns.
constexpr unsigned kGlobalShardsMax = 16;

unsigned global_shards(unsigned workers) {
  return std::bit_ceil(std::min(workers, kGlobalShardsMax));
}

// Searching costs the searched: half of those that can really run at once is enough to find work.
unsigned searching_max(unsigned workers) {
  return std::max(1u, std::min(workers, usable_cpus()) / 2);
}

}  // namespace

Scheduler::Scheduler(const SchedulerConfig& config, const Clock& clock)
    : config_(config),
      clock_(clock),
      started_at_(clock.now_ns()),
      types_(config.worker_slots() + 1),
      global_(global_shards(config.workers), config.global_queue_capacity),
      idle_(config.worker_slots(), searching_max(config.workers)),
      timers_(*this, config.workers + 1,
              clock.runs() ? Timers::Turning::kByWorkers : Timers::Turning::kByHand),
      reactor_(*this),
      may_look_(usable_cpus() > 1 && clock.runs()),
      workers_(config.worker_slots()),
      monitor_(*this) {
  EKIDEN_CHECK(config.workers >= 1);
  EKIDEN_CHECK(config.workers <= kWorkersMax);
  EKIDEN_CHECK(config.stall_replace_max <= kReplacementsMax);
  EKIDEN_CHECK(config.stall_replace_ns >= config.stall_report_ns);
  for (unsigned id = 0; id < config.workers; ++id)
    workers_.add(*this);
}

Scheduler::~Scheduler() { EKIDEN_CHECK(threads_.empty()); }

// --- Threads -----------------------------------------------------------------------------------

void Scheduler::start() {
  try {
    for (unsigned id = 0; id < config_.workers; ++id) {
      threads_.emplace_back([this, id] { run_worker(id); });
    }
    monitor_.start();
  } catch (...) {
    stop();
    throw;
  }
}

void Scheduler::run_worker(unsigned id) {
  const std::string name = "ekiden-w" + std::to_string(id);
  pthread_setname_np(pthread_self(), name.c_str());
  workers_[id]->run();
}

void Scheduler::stop() {
  // First: from then on nobody starts or dismisses replacements.
  monitor_.stop();
  for (const auto& worker : workers_)
    worker->ask_to_leave();
  // Sleepers are taken out one by one, as any waker does; whoever is awake looks at its flag once
  // more after it has joined the sleepers.
  while (const auto sleeper = idle_.take_one())
    unpark(*sleeper);
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
  monitor_.join_replacements();
}

// --- Waking ------------------------------------------------------------------------------------

OwnerId Scheduler::owner_of(const TaskHeader& task) noexcept {
  // acquire: pairs with the release in TaskTable::allocate(); the slot may be getting its next
  // task.
  return task.type.load(std::memory_order_acquire)->owner.load(std::memory_order_relaxed);
}

unsigned Scheduler::shard_hint() const noexcept {
  static Atomic<unsigned> next{0};
  thread_local const unsigned hint = next.fetch_add(1, std::memory_order_relaxed);
  return hint;
}

void Scheduler::wake(Waker waker) noexcept {
  TaskHeader* task = tasks_.find(waker);
  if (task == nullptr) return;
  if (task->state.wake(waker.generation()) == StateWord::Submit::kSubmit) submit(*task);
}

// The task is in our hand: nobody else can queue it before we have.
void Scheduler::submit(TaskHeader& task) {
  if (Worker* worker = here()) {
    worker->stamp_runnable(task);
    return worker->schedule(task);
  }
  note_runnable(task);
  push_global(task);
}

// On a thread that is no worker. Also where nobody observes delays a list tells it by this.
void Scheduler::note_runnable(TaskHeader& task) const {
  if constexpr (kObserve) {
    task.note_runnable(clock_.now_ns());
  } else {
    task.note_runnable_unstamped();
  }
}

void Scheduler::push_global(TaskHeader& task) {
  global_.push(&task, shard_hint());
  notify_one();
}

void Scheduler::notify_one() {
  if (const auto sleeper = idle_.take_one_for_work()) unpark(*sleeper);
}

void Scheduler::unpark(unsigned worker) {
  if (workers_[worker]->unpark()) reactor_.interrupt();
}

bool Scheduler::work_pending() const {
  if (!global_.empty()) return true;
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->queued() > 0; });
}

// --- Timers and the sleeper in the reactor -----------------------------------------------------

Status Scheduler::timer_create(OwnerId owner, Handle& out) {
  if (!owners_.admits(owner)) return Status::kDraining;
  Worker* worker = here();
  return timers_.create(owner, worker != nullptr ? &worker->timer_cache() : nullptr, out);
}

Status Scheduler::timer_start(OwnerId owner, Nanos deadline, Waker waker, Handle& out) {
  if (!owners_.admits(owner)) return Status::kDraining;
  Worker* worker = here();
  const bool is_worker = worker != nullptr;
  const Timers::Start how{deadline, waker, is_worker ? worker->wheel() : outside_wheel(),
                          is_worker ? worker->cached_now() : clock_.now_ns()};
  bool lowered = false;
  const Status status =
      timers_.start(owner, is_worker ? &worker->timer_cache() : nullptr, how, out, lowered);
  if (lowered) deadline_lowered(timers_.next_deadline(how.wheel));
  if (status == Status::kPending) note_wait(out);
  return status;
}

Status Scheduler::timer_arm(OwnerId owner, Handle timer, Nanos deadline) {
  Worker* worker = here();
  const unsigned wheel = worker != nullptr ? worker->wheel() : outside_wheel();
  bool lowered = false;
  const Status status = timers_.arm(owner, timer, deadline, wheel, lowered);
  if (lowered) deadline_lowered(timers_.next_deadline(wheel));
  return status;
}

Status Scheduler::timer_poll(OwnerId owner, Handle timer, Waker waker) {
  // The worker's cached clock will do: a timer that is due by the exact one only is about to fire.
  Worker* worker = here();
  return timers_.poll(owner, timer, waker,
                      worker != nullptr ? worker->cached_now() : clock_.now_ns());
}

Status Scheduler::timer_close(OwnerId owner, Handle timer) {
  Worker* worker = here();
  return timers_.close(owner, timer, worker != nullptr ? &worker->timer_cache() : nullptr);
}

// The wheel was changed (seq_cst) before we look for a sleeper; the sleeper announces itself before
// it looks at the wheels. See Worker::arm_deadline.
void Scheduler::deadline_lowered(Nanos deadline) {
  if (reactor_sleeper_.load(std::memory_order_seq_cst)) reactor_.arm_no_later_than(deadline);
}

}  // namespace ekiden::runtime
