#include "daemon/plugins/instance.hpp"

#include <exception>
#include <utility>

#include "daemon/host/host.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/result_json.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/plugins/thread_census.hpp"
#include "daemon/plugins/unfinished.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "plugins";

runtime::Nanos nanos(std::chrono::nanoseconds duration) {
  return static_cast<runtime::Nanos>(duration.count());
}

// No limit in the configuration is no limit in the runtime, which then need not count.
std::uint64_t task_limit(const PluginSetting& setting) {
  return setting.limits.tasks == limits::kPluginTasksMax ? 0 : setting.limits.tasks;
}

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

std::string abi_text(const Descriptor& descriptor) {
  return std::to_string(descriptor.abi_major) + "." + std::to_string(descriptor.abi_minor);
}

Outcome outcome_of(std::int32_t code) {
  switch (code) {
    case EKD_OK:
      return Outcome::kOk;
    case EKD_E_NOT_FOUND:
      return Outcome::kNotFound;
    case EKD_E_TIMED_OUT:
      return Outcome::kTimedOut;
    case EKD_E_WRONG_STATE:
    case EKD_E_DRAINING:
      return Outcome::kConflict;
    default:
      return Outcome::kFailed;
  }
}

}  // namespace

Instance::Instance(const InstanceSurroundings& surroundings, std::string name,
                   std::uint32_t generation, PluginSetting setting, Over over)
    : surroundings_(surroundings),
      name_(std::move(name)),
      generation_(generation),
      setting_(std::move(setting)),
      over_(std::move(over)),
      thread_(unique_thread_name(name_)) {
  runtime::MutexLock lock(mutex_);
  row_.name = name_;
  row_.generation = generation_;
  row_.path = (surroundings_.folders.plugins / (name_ + ".so")).string();
  row_.task_limit = task_limit(setting_);
}

Instance::~Instance() = default;

// --- Loading -------------------------------------------------------------------------------------

void Instance::load(LoadPlan plan, PluginDone done) {
  const auto self = shared_from_this();
  plan_ = std::move(plan);
  const auto answer = std::make_shared<Answer>(std::move(done), surroundings_.deadlines);
  const runtime::Nanos since_ns = steady_now_ns();
  answer->set_deadline(
      runtime::saturating_add(since_ns + nanos(plugin_limits::kStartMax), plan_.handover_max_ns),
      [self, answer, since_ns] { answer->give(self->timed_out("has not started", since_ns)); });
  if (!thread_.post_regardless([self, answer] { self->run_load(answer); })) {
    answer->give(not_running());
  }
}

bool Instance::join_load(const PluginDone& done) {
  if (!plan_.joinable) return false;
  {
    runtime::MutexLock lock(mutex_);
    if (state_ == InstanceState::kDraining || is_over(state_)) return false;
  }
  return plan_.joinable->join(done);
}

void Instance::run_load(const SharedAnswer& answer) {
  std::optional<Refusal> refusal;
  try {
    refusal = try_load(answer);
  } catch (const std::exception& e) {
    refusal = Refusal{Outcome::kFailed, "loading " + shown() + " failed: " + e.what()};
  }
  if (refusal) {
    undo_load(*refusal, answer);
  } else {
    set_state(InstanceState::kRunning);
    log::info(kLog, shown() + " " + plugin_.loaded.descriptor.version + " runs (generation " +
                        std::to_string(generation_) + ")");
    plan_.fall_back = nullptr;  // and the copy of the one before it goes
    answer->give({Outcome::kOk, {}, loaded_json(row())});
  }
  if (surroundings_.load_is_over) surroundings_.load_is_over(name_);
}

void Instance::undo_load(const Refusal& refusal, const SharedAnswer& answer) {
  // A conflict is nobody's mistake: it was given up.
  log::write(refusal.outcome == Outcome::kConflict ? log::Level::kInfo : log::Level::kError, kLog,
             refusal.text);
  if (plugin_.ctx != nullptr) {
    roll_back(refusal);
  } else {
    discard_library();
    end(InstanceState::kRefused, refusal);
  }
  bool given_up = false;
  {
    runtime::MutexLock lock(mutex_);
    given_up = start_given_up_;
  }
  const PluginResult failed{refusal.outcome, refusal.text, {}};
  const auto fall_back = std::exchange(plan_.fall_back, nullptr);
  if (fall_back && predecessor_has_gone_ && !given_up && is_over(state())) {
    fall_back(failed, [answer](PluginResult result) { answer->give(std::move(result)); });
  } else {
    answer->give(failed);
  }
}

std::optional<Refusal> Instance::try_load(const SharedAnswer& answer) {
  const auto note = [this](const LoadedPlugin& plugin) {
    runtime::MutexLock lock(mutex_);
    row_.version = plugin.descriptor.version;
    row_.abi = abi_text(plugin.descriptor);
    row_.sha256 = plugin.sha256;
    state_ = InstanceState::kLoading;
    copy_ = plugin.copy;
  };
  const ekd_host& host = *surroundings_.host.table();
  auto loaded = plan_.linked != nullptr ? load_linked(*plan_.linked, generation_, host, note)
                                        : load_plugin(surroundings_.folders, name_, generation_,
                                                      host, note, plan_.kept.get());
  if (!loaded) return loaded.refusal();
  plugin_.loaded = std::move(*loaded);
  plan_.kept.reset();
  if (auto refusal = wait_for_predecessor(answer)) return refusal;
  if (auto refusal = open_in_host()) return refusal;
  return start();
}

std::optional<Refusal> Instance::wait_for_predecessor(const SharedAnswer& answer) {
  if (!plan_.handover) return std::nullopt;
  predecessor_has_gone_ = plan_.handover->pass([this, &answer](const PluginResult& late) {
    plan_.waits(late);
    answer->give({late.outcome,
                  late.message + "; the new file has been checked and is started when that has "
                                 "ended and the plugin was unloaded",
                  {}});
  });
  if (predecessor_has_gone_) return std::nullopt;
  return Refusal{Outcome::kConflict, "the replacement of " + shown() + " was given up"};
}

std::optional<Refusal> Instance::open_in_host() {
  const auto status =
      surroundings_.host.open(name_, generation_, task_limit(setting_), plugin_.ctx);
  if (status != runtime::Status::kOk) {
    plugin_.ctx = nullptr;
    return Refusal{Outcome::kFailed, shown() +
                                         " cannot be opened: the daemon holds as many plugin "
                                         "instances as it can; unload one"};
  }
  plugin_.owner = surroundings_.host.owner(plugin_.ctx);
  const char* const schema = plugin_.loaded.library->descriptor().config_schema;
  auto callbacks = std::make_shared<CallbackRunner>(surroundings_.host, plugin_.ctx, plugin_.owner);

  runtime::MutexLock lock(mutex_);
  ctx_ = plugin_.ctx;
  runner_ = callbacks.get();
  row_.owner = plugin_.owner;
  row_.config_schema = schema != nullptr ? schema : "";
  callbacks_ = std::move(callbacks);
  if (start_given_up_) callbacks_->give_up();
  state_ = InstanceState::kStarting;
  return std::nullopt;
}

std::optional<Refusal> Instance::start() {
  const auto refuse = [this](const char* callback, const CallbackAnswer& answer) {
    return Refusal{answer.code == EKD_E_TIMED_OUT ? Outcome::kTimedOut : Outcome::kFailed,
                   shown() + " did not start, its " + callback + " failed: " + answer.text +
                       "; everything it had begun was undone: repair that and load it again"};
  };
  const runtime::Nanos deadline_ns = steady_now_ns() + nanos(plugin_limits::kStartMax);
  const ekd_plugin_desc& descriptor = plugin_.loaded.library->descriptor();
  if (descriptor.init != nullptr) {
    const auto answer = runner_->run_pending("init", deadline_ns, [&](ekd_error* error) {
      return descriptor.init(plugin_.ctx, surroundings_.host.table(), str(setting_.config),
                             &plugin_.self, error);
    });
    if (answer.code < 0) return refuse("init", answer);
  }
  plugin_.initialised = true;
  if (descriptor.start != nullptr) {
    const auto answer = runner_->run_pending("start", deadline_ns, [&](ekd_error* error) {
      return descriptor.start(plugin_.self, error);
    });
    if (answer.code < 0) return refuse("start", answer);
  }
  plugin_.started = true;
  return std::nullopt;
}

// Loaded, and not known to the host: nothing but constructors has run.
void Instance::discard_library() {
  if (plugin_.loaded.library == nullptr) return;
  plugin_.loaded.library.reset();
  plugin_.loaded.copy.reset();
}

void Instance::roll_back(const Refusal& refusal) {
  surroundings_.host.stop_admission(plugin_.ctx);
  if (retirement().advance(steady_now_ns() + nanos(plugin_limits::kRollbackMax))) {
    end(InstanceState::kFailed, refusal);
    return;
  }
  const std::string waits = describe_unfinished();
  set_state(InstanceState::kDraining, refusal.text + "; its end waits: " + waits);
  log::error(kLog, shown() + " failed to start and cannot be ended yet: " + waits +
                       "; unload it when that has ended");
}

// --- Unloading -----------------------------------------------------------------------------------

void Instance::unload(runtime::Nanos deadline_ns, PluginDone done) {
  give_up_start();
  stop_admission();
  const auto self = shared_from_this();
  const auto answer = std::make_shared<Answer>(std::move(done), surroundings_.deadlines);
  const runtime::Nanos since_ns = steady_now_ns();
  answer->set_deadline(
      deadline_ns, [self, answer, since_ns] { answer->give(self->unload_timed_out(since_ns)); });
  if (!thread_.post_regardless(
          [self, answer, deadline_ns] { self->run_unload(deadline_ns, answer); })) {
    answer->give(over_before_unload());
  }
}

// It ended between the request and its turn: another unload was quicker, or its start was given up.
PluginResult Instance::over_before_unload() const {
  if (state() == InstanceState::kRetired) {
    return {Outcome::kNotFound, "no plugin " + shown() + " is loaded any more", {}};
  }
  return {Outcome::kOk, {}, unloaded_json(row(), {})};
}

void Instance::run_unload(runtime::Nanos deadline_ns, const SharedAnswer& answer) {
  // Its caller has been told that it did not work; a later unload goes on.
  if (answer->is_given()) return;
  if (!is_over(state())) {
    stop_admission();
    runner_->allow_pending();
    const runtime::Nanos since_ns = steady_now_ns();
    if (!retirement().advance(deadline_ns)) {
      answer->give(unload_timed_out(since_ns));
      return;
    }
    // Said before the end, which lets the next generation start.
    log::info(kLog, shown() + " is unloaded (generation " + std::to_string(generation_) + ")" +
                        (retirement_->report().mapped
                             ? "; its library stays mapped: " + retirement_->report().mapped_because
                             : ""));
    end(InstanceState::kRetired, {Outcome::kOk, {}});
  }
  answer->give({Outcome::kOk,
                {},
                unloaded_json(row(), retirement_ ? retirement_->report() : RetirementReport{})});
}

Retirement& Instance::retirement() {
  if (!retirement_) {
    retirement_.emplace(surroundings_.runtime, surroundings_.host, *runner_, plugin_,
                        surroundings_.keep_mapped, [this] {
                          runtime::MutexLock lock(mutex_);
                          ctx_ = nullptr;
                        });
  }
  return *retirement_;
}

void Instance::stop_admission() {
  // Under the lock, which keeps the context from being retired meanwhile.
  runtime::MutexLock lock(mutex_);
  if (state_ != InstanceState::kRunning) return;
  state_ = InstanceState::kDraining;
  surroundings_.host.stop_admission(ctx_);
}

void Instance::give_up_start() {
  std::shared_ptr<CallbackRunner> callbacks;
  {
    runtime::MutexLock lock(mutex_);
    if (!is_before_running(state_)) return;
    start_given_up_ = true;
    callbacks = callbacks_;
  }
  if (callbacks) callbacks->give_up();
  if (plan_.handover) plan_.handover->give_up();
}

void Instance::predecessor_is_over() {
  if (plan_.handover) plan_.handover->predecessor_is_over();
}

bool Instance::waits_for_predecessor() const { return plan_.handover && plan_.handover->waits(); }

void Instance::end(InstanceState state, const Refusal& why) {
  if (retirement_) {
    runtime::MutexLock lock(mutex_);
    report_ = retirement_->report();
  }
  set_state(state, why.text);
  // Before the thread takes no more work: what is asked for meanwhile is answered after it.
  over_(shared_from_this(), why.outcome);
  thread_.finish();
}

// --- Commands ------------------------------------------------------------------------------------

void Instance::call(std::string method, std::string params, runtime::Nanos deadline_ns,
                    PluginDone done, PluginProgress progress) {
  const auto self = shared_from_this();
  const auto answer = std::make_shared<Answer>(std::move(done), surroundings_.deadlines);
  Host& host = surroundings_.host;
  ekd_call call = 0;
  {
    // Under the lock, so that it is open before the state can leave kRunning: then the unload finds
    // and answers it.
    runtime::MutexLock lock(mutex_);
    if (state_ == InstanceState::kRunning) {
      const auto give = [answer, name = name_](Host::CallAnswer from) {
        const Outcome outcome = outcome_of(from.code);
        std::string message = outcome == Outcome::kOk ? "" : "'" + name + "': " + from.error;
        answer->give({outcome, std::move(message), std::move(from.json), from.code});
      };
      call = host.open_call(ctx_, give, std::move(progress));
    }
  }
  if (call == 0) {
    answer->give(not_running());
    return;
  }
  const runtime::Nanos since_ns = steady_now_ns();
  answer->set_deadline(deadline_ns, [self, &host, call, since_ns] {
    host.close_call(call, {EKD_E_TIMED_OUT,
                           {},
                           "it has not answered the command within " +
                               duration_text(steady_now_ns() - since_ns)});
  });
  if (!thread_.post([self, answer, call, method = std::move(method), params = std::move(params)] {
        if (!answer->is_given()) self->run_command(call, method, params);
      })) {
    host.close_call(call, {EKD_E_FULL, {}, "too many of its commands wait already; try again"});
  }
}

void Instance::run_command(ekd_call call, const std::string& method, const std::string& params) {
  Host& host = surroundings_.host;
  if (state() != InstanceState::kRunning) {
    host.close_call(call, {EKD_E_DRAINING, {}, "it is being unloaded"});
    return;
  }
  const auto command = plugin_.loaded.library->descriptor().command;
  if (command == nullptr) {
    host.close_call(call, {EKD_E_NOT_FOUND, {}, "it has no commands"});
    return;
  }
  const auto answer = runner_->run("command", [&](ekd_error* error) {
    return command(plugin_.self, call, str(method), str(params), error);
  });
  if (answer.code < 0) host.close_call(call, {answer.code, {}, answer.text});
}

// --- Looking at it -------------------------------------------------------------------------------

InstanceState Instance::state() const {
  runtime::MutexLock lock(mutex_);
  return state_;
}

runtime::OwnerId Instance::owner() const {
  runtime::MutexLock lock(mutex_);
  return ctx_ == nullptr ? runtime::kRuntimeOwner : row_.owner;
}

ekd_ctx* Instance::context() const {
  runtime::MutexLock lock(mutex_);
  return ctx_;
}

RetirementReport Instance::report() const {
  runtime::MutexLock lock(mutex_);
  return report_;
}

PluginRow Instance::row() const {
  // Under the lock, which keeps the context from being retired meanwhile.
  runtime::MutexLock lock(mutex_);
  PluginRow row = row_;
  row.state = to_string(state_);
  if (running_since_ns_ != 0) row.age_ns = steady_now_ns() - running_since_ns_;
  if (ctx_ == nullptr) {
    row.owner = runtime::kRuntimeOwner;
    return row;
  }
  // Each is right for itself; together they are only as consistent as a glance is.
  const auto ledger = surroundings_.runtime.owner_ledger(row.owner);
  const auto memory = surroundings_.host.memory(ctx_);
  row.tasks = ledger.tasks;
  row.timers = ledger.timers;
  row.descriptors = ledger.ios;
  row.jobs = ledger.jobs;
  row.calls = surroundings_.host.open_calls(ctx_);
  row.memory_blocks = memory.blocks;
  row.memory_bytes = memory.bytes;
  row.refusals = surroundings_.runtime.owner_refusals(row.owner);
  return row;
}

std::shared_ptr<const CopyFile> Instance::copy() const {
  runtime::MutexLock lock(mutex_);
  return copy_.lock();
}

std::vector<runtime::Straggler> Instance::running() const {
  const runtime::OwnerId id = owner();
  if (id == runtime::kRuntimeOwner) return {};
  return surroundings_.runtime.owner_running(id);
}

std::string Instance::describe_unfinished() const {
  runtime::MutexLock lock(mutex_);
  if (ctx_ == nullptr) return std::string("it is still in the state ") + to_string(state_);
  return daemon::describe_unfinished(surroundings_.runtime, row_.owner, *callbacks_);
}

void Instance::set_state(InstanceState state, std::string error) {
  runtime::MutexLock lock(mutex_);
  state_ = state;
  row_.error = std::move(error);
  if (state == InstanceState::kRunning) running_since_ns_ = steady_now_ns();
}

PluginResult Instance::timed_out(const char* what, runtime::Nanos since_ns) const {
  return {Outcome::kTimedOut,
          shown() + " " + what + " within " + duration_text(steady_now_ns() - since_ns) + ": " +
              describe_unfinished() + "; nothing of it was freed: try again when that has ended",
          {}};
}

PluginResult Instance::unload_timed_out(runtime::Nanos since_ns) {
  PluginResult result = timed_out("did not end", since_ns);
  runtime::MutexLock lock(mutex_);
  if (state_ == InstanceState::kDraining) row_.error = result.message;
  return result;
}

PluginResult Instance::not_running() const {
  const PluginRow now = row();
  std::string message = shown() + " does not run: its state is " + now.state;
  if (!now.error.empty()) message += " (" + now.error + ")";
  return {Outcome::kConflict, std::move(message), {}};
}

}  // namespace ekiden::daemon
