#include "runtime/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "runtime/base/check.hpp"
#include "runtime/blocking/blocking_pool.hpp"
#include "runtime/channel/channels.hpp"
#include "runtime/reactor/reactor.hpp"
#include "runtime/scheduler/scheduler.hpp"
#include "runtime/task/presence.hpp"

namespace ekiden::runtime {

namespace {

SchedulerConfig scheduler_config(const Options& options) {
  SchedulerConfig config;
  config.workers = options.workers != 0 ? options.workers : usable_cpus();
  config.workers = std::min(config.workers, kWorkersMax);
  config.local_queue_capacity = options.local_queue_capacity;
  config.global_queue_capacity = options.global_queue_capacity;
  config.global_queue_interval = options.global_queue_interval;
  config.event_interval = std::max(1u, options.event_interval);
  config.lifo_slot = options.lifo_slot;
  config.poll_budget = options.poll_budget;
  config.stall_report_ns = options.stall_report_ns;
  config.stall_replace_ns = std::max(options.stall_replace_ns, options.stall_report_ns);
  config.stall_replace_max =
      std::min(options.stall_replace_max.value_or(config.workers), kReplacementsMax);
  config.on_stall = options.on_stall;
  return config;
}

BlockingPool::Options pool_options(const Options& options) {
  BlockingPool::Options pool;
  pool.threads_max = options.blocking_threads_max;
  pool.queue_capacity = options.blocking_queue_capacity;
  pool.keep_alive_ns = options.blocking_keep_alive_ns;
  return pool;
}

std::vector<Straggler> running_jobs(const BlockingPool& pool, std::optional<OwnerId> owner) {
  std::vector<Straggler> rows;
  const Nanos now = SystemClock::instance().now_ns();  // as the pool has it
  for (const RunningJob& job : owner ? pool.running(*owner) : pool.running()) {
    rows.push_back({job.owner, job.job, "blocking job", now - std::min(now, job.since_ns)});
  }
  return rows;
}

}  // namespace

struct Runtime::Parts {
  Parts(const Options& options, const Clock& clock)
      : scheduler(scheduler_config(options), clock),
        pool(scheduler, pool_options(options)),
        channels(scheduler) {}

  Scheduler scheduler;
  BlockingPool pool;
  Channels channels;
  bool started = false;
};

Runtime::Runtime(const Options& options, const Clock& clock)
    : parts_(std::make_unique<Parts>(options, clock)) {}

Runtime::~Runtime() { EKIDEN_CHECK(!parts_->started); }

void Runtime::start() {
  parts_->scheduler.start();
  parts_->started = true;
}

namespace {

// Looks again and again, less and less often, until `done` or the deadline. Real time, whatever the
// runtime's clock is: it waits for threads.
template <class Done>
bool wait_until(Nanos deadline, Done done) {
  using namespace std::chrono_literals;
  const Clock& clock = SystemClock::instance();
  for (auto pause = 50us; !done(); pause = std::min<std::chrono::microseconds>(pause * 2, 5ms)) {
    if (clock.now_ns() >= deadline) return done();
    std::this_thread::sleep_for(pause);
  }
  return true;
}

// Cancels all tasks, again whenever nothing has moved since the last look, until they are gone.
// False: at the deadline they were not.
bool end_tasks(Scheduler& scheduler, Nanos deadline, bool force) {
  std::uint64_t seen = 0;
  return wait_until(deadline, [&] {
    const std::uint64_t left = scheduler.live_tasks(std::nullopt);
    if (left == 0) return true;
    if (seen == 0 || left == seen) scheduler.cancel_tasks(std::nullopt, force);
    seen = left;
    return false;
  });
}

// The time is up for tasks that end asynchronously, too: each gets one more poll. While their
// number falls, nobody is stuck.
void force_tasks(Scheduler& scheduler) {
  constexpr Nanos kRoundNs = 50 * kNanosPerMilli;
  std::uint64_t before;
  std::uint64_t left = scheduler.live_tasks(std::nullopt);
  do {
    before = left;
    end_tasks(scheduler, saturating_add(SystemClock::instance().now_ns(), kRoundNs),
              /*force=*/true);
    left = scheduler.live_tasks(std::nullopt);
  } while (left != 0 && left < before);
}

}  // namespace

std::vector<Straggler> Runtime::shutdown(Nanos deadline_ns) {
  if (!parts_->started) return {};
  Scheduler& scheduler = parts_->scheduler;
  scheduler.owners().stop_all();
  if (!end_tasks(scheduler, deadline_ns, /*force=*/false)) force_tasks(scheduler);
  const bool pool_ended = parts_->pool.shutdown(deadline_ns);
  std::vector<Straggler> stragglers = scheduler.running_tasks(std::nullopt);
  if (!pool_ended) {
    const auto jobs = running_jobs(parts_->pool, std::nullopt);
    stragglers.insert(stragglers.end(), jobs.begin(), jobs.end());
  }
  if (!stragglers.empty()) return stragglers;

  scheduler.stop();
  scheduler.drop_everything();
  for (const OwnerId owner : scheduler.owners().open_ones())
    owner_close_resources(owner);
  parts_->started = false;
  return {};
}

// --- Owners ------------------------------------------------------------------------------------

Status Runtime::owner_open(std::string name, std::uint64_t task_limit, OwnerId& out) {
  return parts_->scheduler.owners().open(std::move(name), task_limit, out);
}

std::string Runtime::owner_name(OwnerId owner) const {
  return parts_->scheduler.owners().name(owner);
}

void Runtime::owner_stop_admission(OwnerId owner) {
  parts_->scheduler.owners().stop_admission(owner);
}

void Runtime::owner_cancel_tasks(OwnerId owner, bool force) {
  parts_->scheduler.cancel_tasks(owner, force);
}

void Runtime::owner_close_resources(OwnerId owner) {
  parts_->pool.cancel_all(owner);
  parts_->scheduler.reactor().close_all(owner);
  parts_->scheduler.timers().close_all(owner);
  parts_->channels.close_all(owner);
  parts_->scheduler.discard_reservations(owner);
}

Ledger Runtime::owner_ledger(OwnerId owner) const {
  Ledger ledger;
  ledger.tasks = parts_->scheduler.live_tasks(owner);
  ledger.jobs = parts_->pool.count(owner);
  ledger.timers = parts_->scheduler.timers().count(owner);
  ledger.ios = parts_->scheduler.reactor().count(owner);
  ledger.channel_ends = parts_->channels.count(owner);
  return ledger;
}

std::vector<Made> Runtime::owner_made(OwnerId owner) {
  std::vector<Made> rows;
  const auto add = [&](HandleKind kind, const MakerCounts& counts) {
    for (const auto& [type, count] : counts)
      rows.push_back({kind, type, count});
  };
  add(HandleKind::kTimer, parts_->scheduler.timers().count_makers(owner));
  add(HandleKind::kIo, parts_->scheduler.reactor().count_makers(owner));
  add(HandleKind::kJob, parts_->pool.count_makers(owner));
  for (const HandleKind kind : {HandleKind::kSender, HandleKind::kReceiver})
    add(kind, parts_->channels.count_makers(owner, kind));
  add(HandleKind::kBuffer, parts_->channels.buffers().count_makers(owner));
  return rows;
}

bool Runtime::owner_quiescent(OwnerId owner) const {
  // Presence first: a thread of the owner's own that was inside before may have added to the
  // ledger. Presence last: a thread may have taken the last thing out of the ledger and not left
  // yet.
  return !presence::anyone_in(owner) && owner_ledger(owner).empty() && !presence::anyone_in(owner);
}

std::vector<Straggler> Runtime::owner_running(OwnerId owner) const {
  std::vector<Straggler> rows = parts_->scheduler.running_tasks(owner);
  const auto jobs = running_jobs(parts_->pool, owner);
  rows.insert(rows.end(), jobs.begin(), jobs.end());
  return rows;
}

void Runtime::owner_close(OwnerId owner) {
  EKIDEN_CHECK(!admits(owner));
  // A thread of the owner's own may have allocated one since its resources were closed.
  parts_->channels.buffers().release_all(owner);
  parts_->scheduler.forget_owner(owner);
}

std::uint64_t Runtime::owner_refusals(OwnerId owner) const {
  const OwnerRecord* record = parts_->scheduler.owners().find(owner);
  return record != nullptr ? record->refusals.load(std::memory_order_relaxed) : 0;
}

bool Runtime::admits(OwnerId owner) const { return parts_->scheduler.owners().admits(owner); }

// --- Tasks -------------------------------------------------------------------------------------

Status Runtime::type_register(OwnerId owner, const TaskTypeSpec& spec, TypeId& out) {
  return parts_->scheduler.type_register(owner, spec, out);
}

Status Runtime::reserve(OwnerId owner, TypeId type, std::size_t size, std::size_t align,
                        void*& state, Handle& out) {
  return parts_->scheduler.reserve(owner, type, size, align, state, out);
}

Status Runtime::commit(OwnerId owner, Handle task, const SpawnOptions& options) {
  return parts_->scheduler.commit(owner, task, options);
}

Status Runtime::commit_n(OwnerId owner, const std::uint64_t* tasks, std::size_t count,
                         const SpawnOptions& options, std::size_t& committed) {
  return parts_->scheduler.commit_n(owner, tasks, count, options, committed);
}

Status Runtime::discard(OwnerId owner, Handle task) {
  return parts_->scheduler.discard(owner, task);
}

Status Runtime::spawn(OwnerId owner, TypeId type, const void* state, std::size_t size,
                      const SpawnOptions& options, Handle& out) {
  return parts_->scheduler.spawn(owner, type, state, size, options, out);
}

Status Runtime::spawn_n(const NewTasks& batch, const SpawnOptions& options, std::uint64_t* out,
                        std::size_t& spawned) {
  return parts_->scheduler.spawn_n(batch, options, out, spawned);
}

void Runtime::wake(Waker waker) noexcept { parts_->scheduler.wake(waker); }

Status Runtime::join_poll(OwnerId owner, Handle task, Waker waker, JoinResult& out) {
  return parts_->scheduler.join_poll(owner, task, waker, out);
}

Status Runtime::join_close(OwnerId owner, Handle task) {
  return parts_->scheduler.join_close(owner, task);
}

Status Runtime::abort(OwnerId owner, Handle task) { return parts_->scheduler.abort(owner, task); }

Status Runtime::abort_any(Handle task) { return parts_->scheduler.abort(std::nullopt, task); }

Status Runtime::children_poll(OwnerId owner) { return parts_->scheduler.children_poll(owner); }

Status Runtime::fail_text(OwnerId owner, std::int32_t code, std::string_view text) {
  return parts_->scheduler.fail_text(owner, code, text);
}

std::optional<OwnerId> Runtime::polling_owner() const { return parts_->scheduler.polling_owner(); }

bool Runtime::is_worker_thread() const { return parts_->scheduler.is_worker_thread(); }

bool Runtime::spend_budget() { return parts_->scheduler.spend_budget(); }

void Runtime::note_wait(Handle on) { parts_->scheduler.note_wait(on); }

// --- Timers ------------------------------------------------------------------------------------

Nanos Runtime::now_ns() const { return parts_->scheduler.clock().now_ns(); }

Status Runtime::timer_create(OwnerId owner, Handle& out) {
  return parts_->scheduler.timer_create(owner, out);
}

Status Runtime::timer_start(OwnerId owner, Nanos deadline_ns, Waker waker, Handle& out) {
  return parts_->scheduler.timer_start(owner, deadline_ns, waker, out);
}

Status Runtime::timer_arm(OwnerId owner, Handle timer, Nanos deadline_ns) {
  return parts_->scheduler.timer_arm(owner, timer, deadline_ns);
}

Status Runtime::timer_poll(OwnerId owner, Handle timer, Waker waker) {
  return parts_->scheduler.timer_poll(owner, timer, waker);
}

Status Runtime::timer_cancel(OwnerId owner, Handle timer) {
  return parts_->scheduler.timers().cancel(owner, timer);
}

Status Runtime::timer_close(OwnerId owner, Handle timer) {
  return parts_->scheduler.timer_close(owner, timer);
}

bool Runtime::timer_describe(Handle timer, Nanos& deadline_ns) const {
  return parts_->scheduler.timers().describe(timer, deadline_ns);
}

// --- A clock that is turned by hand ------------------------------------------------------------

std::size_t Runtime::clock_changed() { return parts_->scheduler.timers().fire_due(now_ns()); }

Nanos Runtime::next_timer_ns() const { return parts_->scheduler.timers().earliest(); }

// The pool before the workers: a thread of it sleeps only after it has woken whom its job was for,
// so what it brought is in the queues by then. And the pool's counts on both sides: what a task
// submitted meanwhile shows there.
bool Runtime::is_idle() const {
  const BlockingPool::Stats before = parts_->pool.stats();
  if (before.queued != 0 || before.idle != before.threads) return false;
  if (!parts_->scheduler.is_idle()) return false;
  const BlockingPool::Stats after = parts_->pool.stats();
  return after.submitted == before.submitted && after.completed == before.completed;
}

// --- Parts -------------------------------------------------------------------------------------

Reactor& Runtime::reactor() { return parts_->scheduler.reactor(); }

BlockingPool& Runtime::blocking() { return parts_->pool; }

Channels& Runtime::channels() { return parts_->channels; }

// --- Seeing inside -----------------------------------------------------------------------------

std::uint64_t Runtime::live_tasks() const { return parts_->scheduler.live_tasks(std::nullopt); }

std::uint64_t Runtime::live_tasks(OwnerId owner) const {
  return parts_->scheduler.live_tasks(owner);
}

unsigned Runtime::workers() const { return parts_->scheduler.config().workers; }

Nanos Runtime::uptime_ns() const { return now_ns() - parts_->scheduler.started_at(); }

std::optional<TaskInfo> Runtime::task_info(Handle task) const {
  return parts_->scheduler.task_info(task);
}

std::vector<TaskInfo> Runtime::list_tasks(std::optional<OwnerId> owner, Handle after,
                                          std::size_t limit) const {
  return parts_->scheduler.list_tasks(owner, after, limit);
}

TaskScan Runtime::begin_scan(TaskFilter filter, Handle after) const {
  return parts_->scheduler.begin_scan(std::move(filter), after);
}

void Runtime::scan_tasks(TaskScan& scan, std::size_t slots, std::vector<TaskKey>& found) const {
  parts_->scheduler.scan_tasks(scan, slots, found);
}

std::vector<WorkerInfo> Runtime::list_workers() const { return parts_->scheduler.list_workers(); }

QueueInfo Runtime::queue_info() const {
  QueueInfo info = parts_->scheduler.queue_info();
  const BlockingPool::Stats pool = parts_->pool.stats();
  info.blocking_depth = pool.queued;
  info.blocking_capacity = pool.queue_capacity;
  info.blocking_high_water = pool.queued_high_water;
  info.blocking_refusals = pool.refused;
  info.blocking_threads = pool.threads;
  return info;
}

std::vector<TypeInfo> Runtime::list_types() const { return parts_->scheduler.list_types(); }

TypeTimesSnapshot Runtime::type_times(TypeId type) const {
  return parts_->scheduler.type_times(type);
}

TypeTimesSnapshot Runtime::worker_times(unsigned worker) const {
  return parts_->scheduler.worker_times(worker);
}

}  // namespace ekiden::runtime
