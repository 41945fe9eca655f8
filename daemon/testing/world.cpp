#include "daemon/testing/world.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/config/limits.hpp"
#include "daemon/host/json_check.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/plugins/unfinished.hpp"

namespace ekiden::testing {

namespace {

using runtime::Nanos;

// Where a turned clock begins: so late that a plugin may look back by hours.
constexpr Nanos kClockStartNs = 24 * 3600 * runtime::kNanosPerSecond;

// How long the end of a harness may take where its patience is shorter: a test that is impatient
// with its plugin is not meant to be aborted on a busy machine.
constexpr std::chrono::seconds kEndMin{10};

// The host reaches the runtime of the process in wakes.
std::atomic<bool> world_is_there{false};

[[noreturn]] void die(const std::string& text) {
  std::fprintf(stderr, "ekiden::testing: %s\n", text.c_str());
  std::abort();
}

Nanos nanos(std::chrono::nanoseconds duration) {
  return static_cast<Nanos>(std::max<std::chrono::nanoseconds::rep>(duration.count(), 0));
}

// A point in CLOCK_MONOTONIC.
Nanos from_now(std::chrono::nanoseconds duration) {
  return runtime::saturating_add(daemon::steady_now_ns(), nanos(duration));
}

void check(const char* option, unsigned value, unsigned min, unsigned max) {
  if (value >= min && value <= max) return;
  throw Error("Options::" + std::string(option) + " is " + std::to_string(value) + "; it may be " +
              std::to_string(min) + " to " + std::to_string(max));
}

const Options& checked(const Options& options) {
  namespace limits = daemon::limits;
  check("workers", options.workers, limits::kWorkersMin, limits::kWorkersMax);
  check("local_queue_capacity", options.local_queue_capacity, limits::kLocalQueueCapacityMin,
        limits::kLocalQueueCapacityMax);
  check("poll_budget", options.poll_budget, limits::kPollBudgetMin, limits::kPollBudgetMax);
  check("blocking_threads_max", options.blocking_threads_max, limits::kBlockingThreadsMin,
        limits::kBlockingThreadsMax);
  check("blocking_queue_capacity", options.blocking_queue_capacity,
        limits::kBlockingQueueCapacityMin, limits::kBlockingQueueCapacityMax);
  if (!std::has_single_bit(options.local_queue_capacity)) {
    throw Error("Options::local_queue_capacity is " + std::to_string(options.local_queue_capacity) +
                "; it has to be a power of two");
  }
  return options;
}

runtime::Options runtime_options(const Options& from) {
  runtime::Options options;
  options.workers = from.workers;
  options.local_queue_capacity = from.local_queue_capacity;
  options.poll_budget = from.poll_budget;
  options.blocking_threads_max = from.blocking_threads_max;
  options.blocking_queue_capacity = from.blocking_queue_capacity;
  return options;
}

// Asks until it is so, in pauses that grow. False: not by `deadline_ns` (CLOCK_MONOTONIC).
template <class Condition>
bool wait_for(Nanos deadline_ns, Condition condition) {
  using namespace std::chrono_literals;
  constexpr int kYields = 20;
  for (int i = 0; i < kYields; i++) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  for (auto pause = 10us; !condition();
       pause = std::min<std::chrono::microseconds>(2 * pause, 1ms)) {
    if (daemon::steady_now_ns() >= deadline_ns) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace

// --- Beginning and end ---------------------------------------------------------------------------

World::Only::Only() {
  if (!world_is_there.exchange(true)) return;
  throw Error("another Harness is alive; there can be one at a time in a process");
}

World::Only::~Only() { world_is_there = false; }

World::World(const Options& options)
    : options_(checked(options)),
      log_(options.log_to_stderr),
      clock_(kClockStartNs),
      runtime_(with_stalls(runtime_options(options)),
               options.manual_clock ? static_cast<const runtime::Clock&>(clock_)
                                    : runtime::SystemClock::instance()) {
  try {
    runtime_.start();
    host_ = std::make_unique<daemon::Host>(runtime_);
    deadlines_ = std::make_unique<daemon::DeadlineThread>();
  } catch (const std::system_error& e) {
    host_.reset();
    static_cast<void>(runtime_.shutdown(runtime::kNever));
    throw Error(std::string("a thread cannot be started (") + e.what() +
                "); raise the limit on threads");
  }
}

World::~World() {
  unload_all();
  for (const auto& plugin : plugins_)
    plugin->end();
  deadlines_.reset();
  plugins_.clear();
  host_.reset();
  const auto stragglers =
      runtime_.shutdown(from_now(std::max<std::chrono::nanoseconds>(options_.patience, kEndMin)));
  if (!stragglers.empty()) {
    die("the runtime does not end: " + daemon::describe(stragglers.front()));
  }
}

// Side by side, as the daemon does when it ends.
void World::unload_all() {
  const auto patience = std::max<std::chrono::nanoseconds>(options_.patience, kEndMin);
  std::vector<std::pair<std::string, Pending<Unloaded>>> unloads;
  for (const auto& plugin : plugins_) {
    if (!plugin->is_over()) unloads.emplace_back(plugin->name(), plugin->unload(patience));
  }
  for (auto& [name, unload] : unloads) {
    try {
      unload.get();
    } catch (const std::exception& e) {
      die("'" + name + "' cannot be ended with its harness: " + e.what());
    }
  }
}

Nanos World::patience_ends() const { return from_now(options_.patience); }

runtime::Options World::with_stalls(runtime::Options options) {
  options.on_stall = [this](const runtime::Stall& stall) { report_stall(stall); };
  return options;
}

void World::report_stall(const runtime::Stall& stall) {
  if (stall.event != runtime::StallEvent::kLasts) return;
  daemon::log::warn("runtime", "a poll of '" + runtime_.owner_name(stall.owner) + "' (task type " +
                                   stall.type + ") has not returned for " +
                                   daemon::duration_text(stall.lasted_ns));
}

// --- Plugins -------------------------------------------------------------------------------------

daemon::InstanceSurroundings World::surroundings(const std::filesystem::path& folder) {
  daemon::PluginFolders folders{folder, folder.empty() ? folder : copies()};
  return {runtime_, *host_, *deadlines_, std::move(folders), options_.keep_mapped, {}};
}

const std::filesystem::path& World::copies() {
  if (!copies_) copies_.emplace();
  return copies_->path();
}

void World::check_new(const Origin& origin, std::string_view config) const {
  const auto is_it = [&](const auto& plugin) {
    return plugin->name() == origin.name && !plugin->is_over();
  };
  if (std::any_of(plugins_.begin(), plugins_.end(), is_it)) {
    throw Error("'" + origin.name + "' is loaded already; unload it first");
  }
  std::string fault = daemon::host::find_json_fault(config);
  if (fault.empty() && config.substr(config.find_first_not_of(" \t\r\n")).front() != '{') {
    fault = "is no JSON object";
  }
  if (!fault.empty()) throw Error("the configuration for '" + origin.name + "' " + fault);
}

Pending<Plugin> World::load(Origin origin, std::string_view config) {
  check_new(origin, config);
  const auto promise = std::make_shared<std::promise<detail::Ended<Plugin>>>();
  Pending<Plugin> loaded(promise->get_future());
  std::shared_ptr<PluginState> state;
  try {
    state =
        std::make_shared<PluginState>(*this, std::move(origin), ++generation_, std::string(config));
  } catch (const std::system_error& e) {
    throw Error(std::string("no thread can be started for the plugin (") + e.what() +
                "); raise the limit on threads");
  }
  plugins_.push_back(state);
  state->load([promise, state](const daemon::PluginResult& result) {
    if (result.outcome == daemon::Outcome::kOk) {
      promise->set_value({Plugin(state), 0, {}});
    } else {
      promise->set_value({std::nullopt, 0, result.message});
    }
  });
  return loaded;
}

// --- The clock -----------------------------------------------------------------------------------

void World::advance(std::chrono::nanoseconds by) {
  need_manual_clock("advance");
  run_until_idle();
  const Nanos target = runtime::saturating_add(clock_.now_ns(), nanos(by));
  for (;;) {
    const Nanos next = runtime_.next_timer_ns();
    if (next > target) break;
    move_to(next);
    run_until_idle();
  }
  move_to(target);
}

bool World::run_until(const std::function<bool()>& done) {
  need_manual_clock("run_until");
  const Nanos deadline_ns = patience_ends();
  for (;;) {
    run_until_idle();
    if (done()) return true;
    if (daemon::steady_now_ns() >= deadline_ns) return false;
    const Nanos next = runtime_.next_timer_ns();
    if (next != runtime::kNever) {
      move_to(next);
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
}

// One that is due already fires in run_until_idle().
void World::move_to(Nanos time) { clock_.advance(time - std::min(time, clock_.now_ns())); }

void World::run_until_idle() {
  const Nanos deadline_ns = patience_ends();
  do {
    if (!wait_for(deadline_ns, [this] { return is_idle(); })) {
      throw Error("not idle within " + daemon::duration_text(nanos(options_.patience)) + ": " +
                  describe_busy());
    }
    // Behind the wait, for what has run may have armed a timer that is due.
  } while (options_.manual_clock && fire_due());
}

bool World::fire_due() {
  return runtime_.next_timer_ns() <= clock_.now_ns() && runtime_.clock_changed() > 0;
}

void World::need_manual_clock(const char* what) const {
  if (options_.manual_clock) return;
  throw Error(std::string(what) + " needs a clock that can be turned; set Options::manual_clock");
}

// A command spawns before it has returned, and a task calls no command: so the workers are asked
// last.
bool World::is_idle() const {
  const auto in_command = [](const auto& plugin) { return plugin->instance().is_in_command(); };
  return std::none_of(plugins_.begin(), plugins_.end(), in_command) && runtime_.is_idle();
}

std::string World::describe_busy() const {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  for (const auto& plugin : plugins_) {
    const std::string who = "'" + plugin->name() + "': ";
    for (const auto& straggler : plugin->instance().running())
      add(who + daemon::describe(straggler));
    if (plugin->instance().is_in_command()) add(who + "a command has not returned");
  }
  return text.empty() ? "tasks wake each other all the time, or arm timers that are due" : text;
}

}  // namespace ekiden::testing
