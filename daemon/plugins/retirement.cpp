#include "daemon/plugins/retirement.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "daemon/host/host.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/holdings.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/plugins/thread_census.hpp"
#include "runtime/blocking/blocking_pool.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

// Asks until the answer is yes, in pauses that grow, or until the deadline. The ledger has no one
// to tell us: counting a task's end costs every task, and waiting like this costs an unload once.
template <class Condition>
bool wait_for(runtime::Nanos deadline_ns, Condition condition) {
  std::chrono::nanoseconds pause = plugin_limits::kLedgerPauseMin;
  while (!condition()) {
    const runtime::Nanos now_ns = steady_now_ns();
    if (now_ns >= deadline_ns) return false;
    const std::chrono::nanoseconds left(
        std::min<runtime::Nanos>(deadline_ns - now_ns, static_cast<runtime::Nanos>(pause.count())));
    std::this_thread::sleep_for(left);
    pause = std::min(2 * pause, plugin_limits::kLedgerPauseMax);
  }
  return true;
}

constexpr auto kPollReturnMaxNs =
    static_cast<runtime::Nanos>(plugin_limits::kPollReturnMax.count());

// `percent` of the way from now to the deadline.
runtime::Nanos part_of_the_way(runtime::Nanos deadline_ns, std::uint64_t percent) {
  const runtime::Nanos now_ns = steady_now_ns();
  return deadline_ns <= now_ns ? now_ns : now_ns + (deadline_ns - now_ns) / 100 * percent;
}

}  // namespace

Retirement::Retirement(runtime::Runtime& runtime, Host& host, CallbackRunner& callbacks,
                       OpenedPlugin& plugin, bool keep_mapped, BeforeRetiring before_retiring)
    : runtime_(runtime),
      host_(host),
      callbacks_(callbacks),
      plugin_(plugin),
      keep_mapped_(keep_mapped),
      before_retiring_(std::move(before_retiring)) {}

bool Retirement::advance(runtime::Nanos deadline_ns) {
  while (step_ != Step::kDone) {
    if (!carry_out(step_, deadline_ns)) return false;
    step_ = static_cast<Step>(static_cast<std::uint8_t>(step_) + 1);
  }
  return true;
}

bool Retirement::carry_out(Step step, runtime::Nanos deadline_ns) {
  const runtime::OwnerId owner = plugin_.owner;
  switch (step) {
    case Step::kDrain:
      drain(deadline_ns);
      report_.cancelled = live_types(runtime_, owner);
      return true;
    case Step::kTasks:
      return end_tasks(deadline_ns);
    case Step::kJobs:
      return end_jobs(deadline_ns);
    case Step::kResources:
      close_resources();
      return true;
    case Step::kQuiet:
      return wait_for(deadline_ns, [&] { return runtime_.owner_quiescent(owner); });
    case Step::kFini:
      fini();
      return true;
    case Step::kRelease:
      release();
      return true;
    case Step::kUnmap:
      unmap();
      return true;
    case Step::kDone:
      return true;
  }
  return true;
}

void Retirement::drain(runtime::Nanos deadline_ns) {
  const ekd_plugin_desc& descriptor = plugin_.loaded.library->descriptor();
  if (!plugin_.started || descriptor.drain == nullptr) return;
  const runtime::Nanos until_ns = part_of_the_way(deadline_ns, plugin_limits::kDrainPercent);
  // The plugin compares it with the runtime's clock, which tests of plugins turn by hand.
  const runtime::Nanos told_ns =
      runtime::saturating_add(runtime_.now_ns(), until_ns - std::min(until_ns, steady_now_ns()));
  const CallbackAnswer answer = callbacks_.run_pending("drain", until_ns, [&](ekd_error* error) {
    return descriptor.drain(plugin_.self, told_ns, error);
  });
  if (answer.code < 0) {
    report_.drain_problem = answer.text;
    log::warn("plugins", "'" + plugin_.loaded.name +
                             "' did not drain, so what it has left is "
                             "cancelled: " +
                             answer.text);
  } else {
    let_polls_return(std::min(until_ns, steady_now_ns() + kPollReturnMaxNs));
  }
}

// A task that ends the drain does so before it has returned, and is not one that was left.
void Retirement::let_polls_return(runtime::Nanos deadline_ns) {
  const auto running = runtime_.owner_running(plugin_.owner);
  if (running.empty()) return;
  static_cast<void>(wait_for(deadline_ns, [&] {
    const auto still = runtime_.owner_running(plugin_.owner);
    return std::find_first_of(running.begin(), running.end(), still.begin(), still.end(),
                              [](const auto& a, const auto& b) { return a.id == b.id; }) ==
           running.end();
  }));
}

bool Retirement::end_tasks(runtime::Nanos deadline_ns) {
  const runtime::OwnerId owner = plugin_.owner;
  const runtime::Nanos force_ns = part_of_the_way(deadline_ns, plugin_limits::kAsyncCancelPercent);
  const auto again_ns = static_cast<runtime::Nanos>(plugin_limits::kCancelAgain.count());
  std::uint64_t seen = 0;
  const auto are_gone = [&] {
    const std::uint64_t left = runtime_.owner_ledger(owner).tasks;
    // Looking at every slot is worth it only when nothing moves.
    const bool moves = std::exchange(seen, left) != left;
    return left == 0 || (!moves && only_reservations_left());
  };
  for (;;) {
    const bool force = steady_now_ns() >= force_ns;
    runtime_.owner_cancel_tasks(owner, force);
    const runtime::Nanos until_ns =
        std::min(steady_now_ns() + again_ns, force ? deadline_ns : std::min(force_ns, deadline_ns));
    if (wait_for(until_ns, are_gone)) return true;
    if (force && until_ns == deadline_ns) return false;
  }
}

// A reservation is no running code, and whoever forgot it will not end it. They are discarded with
// the resources, when no task and no job is left that may be about to fill one.
bool Retirement::only_reservations_left() const {
  runtime::Handle after;
  for (;;) {
    const auto page = runtime_.list_tasks(plugin_.owner, after, plugin_limits::kTasksPageRows);
    for (const auto& task : page) {
      if (task.state != runtime::TaskState::kReserved) return false;
    }
    if (page.size() < plugin_limits::kTasksPageRows) return true;
    after = page.back().id;
  }
}

bool Retirement::end_jobs(runtime::Nanos deadline_ns) {
  return wait_for(deadline_ns, [&] { return runtime_.blocking().cancel_all(plugin_.owner) == 0; });
}

// Its tasks are gone, so nobody will close what is left.
void Retirement::close_resources() {
  report_.leaked = made_things(runtime_, plugin_.owner);
  if (!report_.leaked.empty()) {
    log::warn("plugins", "'" + plugin_.loaded.name + "' left " + things_text(report_.leaked) +
                             ", which it did not close; the daemon has");
  }
  runtime_.owner_close_resources(plugin_.owner);
}

void Retirement::fini() {
  // Whoever could still have answered them has ended by now.
  report_.unanswered_calls = host_.drop_calls(plugin_.ctx);
  const ekd_plugin_desc& descriptor = plugin_.loaded.library->descriptor();
  if (!plugin_.initialised || descriptor.fini == nullptr) return;
  plugin_.initialised = false;
  const CallbackAnswer answer = callbacks_.run("fini", [&](ekd_error*) {
    descriptor.fini(plugin_.self);
    return EKD_OK;
  });
  if (answer.code < 0) log::error("plugins", "'" + plugin_.loaded.name + "': " + answer.text);
}

void Retirement::release() {
  const auto left = host_.release_memory(plugin_.ctx);
  report_.leaked_blocks = left.blocks;
  report_.leaked_bytes = left.bytes;
  if (left.blocks > 0) {
    log::warn("plugins", "'" + plugin_.loaded.name + "' left " + std::to_string(left.bytes) +
                             " bytes of host memory in " + std::to_string(left.blocks) +
                             " blocks that it did not free; the daemon has");
  }
  // Before the unmapping: the runtime forgets the types, whose functions are in the library, and a
  // destructor that calls the host is told that it is late.
  before_retiring_();
  host_.retire(plugin_.ctx);
}

void Retirement::unmap() {
  Library& library = *plugin_.loaded.library;
  const std::size_t threads = count_threads_named_like_me(plugin_limits::kThreadExitMax);
  report_.own_threads = threads;
  if (keep_mapped_ || threads > 0) {
    library.leak();
    report_.mapped = true;
    report_.mapped_because = threads > 0 ? std::to_string(threads) + " of its own threads still run"
                                         : "the daemon was told to keep libraries mapped";
  } else {
    report_.mapped = library.close();
    if (report_.mapped) report_.mapped_because = "the dynamic loader keeps it";
  }
  plugin_.loaded.library.reset();
  plugin_.loaded.copy.reset();
}

}  // namespace ekiden::daemon
