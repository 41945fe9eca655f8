#include "daemon/plugins/plugin_manager.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/config/plugin_name.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/holdings.hpp"
#include "daemon/plugins/instance.hpp"
#include "daemon/plugins/plugin_copy.hpp"
#include "daemon/plugins/plugin_folder.hpp"
#include "daemon/plugins/plugin_manager_parts.hpp"
#include "daemon/plugins/plugin_table.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "runtime/base/check.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "plugins";

// EKIDEN_KEEP_MAPPED=1 in the environment: libraries stay mapped after their unload. For leak
// checkers, which can name a function only while its library is there. Read once, before threads.
bool keep_mapped() {
  const char* const value = std::getenv("EKIDEN_KEEP_MAPPED");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

std::filesystem::path prepared(std::filesystem::path copies) {
  if (const std::string problem = prepare_copies(copies); !problem.empty()) {
    throw std::runtime_error(problem);
  }
  if (const std::size_t removed = remove_stale_copies(copies); removed > 0) {
    log::info(kLog, "removed " + std::to_string(removed) +
                        " copies of plugins that an earlier process left");
  }
  return copies;
}

}  // namespace

void Gathering::one_is_here() {
  runtime::MutexLock lock(mutex_);
  if (missing_ > 0) missing_--;
  changed_.notify_all();
}

void Gathering::give_up() {
  runtime::MutexLock lock(mutex_);
  missing_ = 0;
  changed_.notify_all();
}

void Gathering::wait() {
  runtime::MutexLock lock(mutex_);
  while (missing_ > 0)
    changed_.wait(mutex_);
}

runtime::Nanos from_now(std::chrono::nanoseconds duration) {
  const auto ns = std::max<std::chrono::nanoseconds::rep>(duration.count(), 0);
  return runtime::saturating_add(steady_now_ns(), static_cast<runtime::Nanos>(ns));
}

PluginManager::Parts::Parts(runtime::Runtime& runtime, Host& host,
                            const PluginSettings& plugin_settings,
                            const std::filesystem::path& state_directory)
    : settings(plugin_settings),
      surroundings{runtime,
                   host,
                   deadlines,
                   PluginFolders{plugin_settings.directory, prepared(state_directory / "plugins")},
                   keep_mapped(),
                   [this](const std::string& name) { autoload.operation_is_over(name); }},
      autoload(plugin_settings.directory, *this) {}

void PluginManager::Parts::over(const std::shared_ptr<Instance>& instance, Outcome outcome) {
  // First: the end of `deadlines`, and so of all of this, then waits for the thread that runs here.
  // Once the instance has left the table nobody else does.
  deadlines.post([instance] { instance->join(); });
  const std::string& name = instance->name();
  // A conflict: it was given up, by an unload or the daemon's end.
  const bool is_gone = outcome == Outcome::kOk || outcome == Outcome::kConflict;
  const auto leaves = is_gone                         ? PluginTable::Leaves::kGeneration
                      : outcome == Outcome::kNotFound ? PluginTable::Leaves::kNothing
                                                      : PluginTable::Leaves::kRow;
  const auto left = table.leave(*instance, name, leaves, is_gone ? "" : instance->row().error);
  if (left.promoted) left.promoted->predecessor_is_over();
  if (left.was_next && !is_gone) {
    log::warn(kLog, "'" + name + "' was not replaced: what is loaded stays as it is");
  }
  autoload.operation_is_over(name);
}

PluginManager::PluginManager(runtime::Runtime& runtime, Host& host, const PluginSettings& settings,
                             std::filesystem::path state_directory)
    : parts_(std::make_unique<Parts>(runtime, host, settings, state_directory)) {}

PluginManager::~PluginManager() { EKIDEN_CHECK(parts_->table.live().empty()); }

// --- Loading -------------------------------------------------------------------------------------

void PluginManager::Parts::note_refused(const std::string& stem, std::string state,
                                        std::string error) {
  PluginRow row;
  row.name = stem;
  row.state = std::move(state);
  row.path = (settings.directory / (stem + ".so")).string();
  row.error = std::move(error);
  table.note(std::move(row));
}

void PluginManager::Parts::warn_about_missing(const std::vector<std::string>& stems) {
  for (const auto& [name, setting] : settings.settings) {
    if (!setting.enabled || std::binary_search(stems.begin(), stems.end(), name)) continue;
    log::warn(kLog, "the configuration has settings for '" + name +
                        "', and there is no such file in '" + settings.directory.string() +
                        "'; put it there, or take plugins.settings." + name + " away");
  }
}

void PluginManager::load_all() {
  Parts& parts = *parts_;
  if (!parts.settings.autoload) return;
  // Before the first look, so that nothing falls in between.
  if (const std::string problem = parts.autoload.begin(); !problem.empty()) {
    log::error(kLog, problem);
  }
  const FolderListing listing = list_plugin_folder(parts.settings.directory);
  if (!listing.problem.empty()) log::error(kLog, listing.problem);
  if (!listing.left_out.empty()) log::error(kLog, listing.left_out);
  parts.warn_about_missing(listing.stems);

  const auto gathering = std::make_shared<Gathering>(listing.stems.size());
  {
    runtime::MutexLock lock(parts.mutex);
    if (parts.stopping) return;
    parts.folder_load = gathering;
  }
  for (const std::string& stem : listing.stems) {
    if (!is_plugin_name(stem)) {
      const Refusal refusal = not_a_plugin_name(stem);
      log::error(kLog, refusal.text);
      parts.note_refused(stem, to_string(InstanceState::kRefused), refusal.text);
      gathering->one_is_here();
    } else if (!parts.settings.of(stem).enabled) {
      parts.note_refused(stem, "disabled", {});
      gathering->one_is_here();
    } else {
      parts.autoload.note_load(stem, parts.autoload.see(stem));
      load(stem, [gathering](const PluginResult&) { gathering->one_is_here(); });
    }
  }
  gathering->wait();
  parts.autoload.start();
}

void PluginManager::load(std::string name, PluginDone done) {
  if (auto refusal = parts_->load(name, {}, done)) done(std::move(*refusal));
}

void PluginManager::reload(std::string name, PluginDone done) {
  std::function<void()> accepted;
  if (parts_->settings.autoload && is_plugin_name(name)) {
    // Only what is accepted deals with the file. Seen before, because that may take a while.
    accepted = [&autoload = parts_->autoload, &name, seen = parts_->autoload.see(name)] {
      autoload.note_load(name, seen);
    };
  }
  if (auto refusal = parts_->replace(name, accepted, done)) done(std::move(*refusal));
}

PluginManager::Parts::NotBegun PluginManager::Parts::load(const std::string& name,
                                                          const LoadPlan& plan,
                                                          const PluginDone& done) {
  if (!is_plugin_name(name)) return refused(Outcome::kFailed, not_a_plugin_name(name).text);
  const PluginSetting setting = settings.of(name);
  if (!setting.enabled) {
    return refused(Outcome::kConflict,
                   "'" + name + "' is disabled; set plugins.settings." + name +
                       ".enabled to true in the configuration and start the daemon again");
  }
  return enter(name, setting, plan, done);
}

std::shared_ptr<Instance> PluginManager::Parts::make_instance(const std::string& name,
                                                              std::uint32_t generation,
                                                              const PluginSetting& setting) {
  return std::make_shared<Instance>(
      surroundings, name, generation, setting,
      [this](const auto& instance, Outcome outcome) { over(instance, outcome); });
}

PluginManager::Parts::NotBegun PluginManager::Parts::enter(const std::string& name,
                                                           const PluginSetting& setting,
                                                           const LoadPlan& plan,
                                                           const PluginDone& done) {
  const auto make = [&](std::uint32_t generation) {
    auto made = make_instance(name, generation, setting);
    // Before anybody can find it, so that its load is the first thing that it is asked for.
    made->load(plan, done);
    return made;
  };
  PluginTable::Entered entered;
  try {
    // Held until it is entered: so whoever stops the daemon finds it, or it finds that.
    runtime::MutexLock lock(mutex);
    if (stopping) {
      return refused(Outcome::kConflict,
                     "'" + name + "' is not loaded: the daemon is shutting down");
    }
    entered = table.enter(name, make);
  } catch (const std::system_error& e) {
    return refused(Outcome::kFailed, "no thread can be started for '" + name + "' (" + e.what() +
                                         "); raise the limit on threads");
  }
  if (!entered.living) return std::nullopt;
  const bool is_command = !plan.joinable && !plan.kept;
  if (is_command && entered.living->join_load(done)) return std::nullopt;
  const PluginRow row = entered.living->row();
  return refused(Outcome::kConflict, "'" + name + "' is loaded already: generation " +
                                         std::to_string(row.generation) + " is " + row.state +
                                         "; reload or unload it");
}

// --- Unloading -----------------------------------------------------------------------------------

void PluginManager::unload(std::string name, PluginDone done) {
  // So that it stays unloaded until its file changes. Where none lives, nothing is unloaded, and a
  // file that has just come is to be loaded.
  if (parts_->settings.autoload && parts_->table.find_live(name)) {
    parts_->autoload.note_unload(name);
  }
  parts_->unload(name, Parts::Replacements::kKeepWaiting, std::move(done));
}

void PluginManager::Parts::unload(const std::string& name, Replacements replacements,
                                  PluginDone done) {
  const auto instance = table.find_live(name);
  if (!instance) {
    return done(refused(Outcome::kNotFound, "no plugin '" + name + "' is loaded"));
  }
  if (const auto next = table.find_next(name)) {
    const bool goes_on =
        replacements == Replacements::kKeepWaiting && next->waits_for_predecessor();
    if (!goes_on) next->give_up_start();
  }
  instance->unload(from_now(std::chrono::milliseconds(settings.unload_ms)), std::move(done));
}

void PluginManager::stop_admission() {
  std::shared_ptr<Gathering> folder_load;
  {
    runtime::MutexLock lock(parts_->mutex);
    parts_->stopping = true;
    folder_load = parts_->folder_load;
  }
  for (const auto& instance : parts_->table.live())
    instance->give_up_start();
  if (folder_load) folder_load->give_up();
}

std::vector<PluginLeftover> PluginManager::unload_all(runtime::Nanos deadline_ns) {
  stop_admission();
  parts_->autoload.stop();
  const auto instances = parts_->table.live();
  struct Answers {
    explicit Answers(std::size_t n) : gathering(n), results(n) {}
    Gathering gathering;
    std::vector<PluginResult> results;  // each is written before its one_is_here()
  };
  const auto answers = std::make_shared<Answers>(instances.size());
  for (std::size_t i = 0; i < instances.size(); i++) {
    instances[i]->unload(deadline_ns, [answers, i](PluginResult result) {
      answers->results[i] = std::move(result);
      answers->gathering.one_is_here();
    });
  }
  answers->gathering.wait();

  std::vector<PluginLeftover> leftovers;
  for (std::size_t i = 0; i < instances.size(); i++) {
    if (is_over(instances[i]->state())) continue;
    leftovers.push_back(
        {instances[i]->name(), answers->results[i].message, instances[i]->running()});
  }
  return leftovers;
}

// --- Commands ------------------------------------------------------------------------------------

void PluginManager::call(std::string name, std::string method, std::string params_json,
                         std::chrono::nanoseconds timeout, PluginDone done,
                         PluginProgress progress) {
  const auto instance = parts_->table.find_live(name);
  if (!instance) {
    return done(refused(Outcome::kNotFound, "no plugin '" + name + "' is loaded"));
  }
  instance->call(std::move(method), std::move(params_json), from_now(timeout), std::move(done),
                 std::move(progress));
}

// --- Looking at them -----------------------------------------------------------------------------

std::vector<PluginRow> PluginManager::list() const { return parts_->table.rows(); }

std::optional<PluginRow> PluginManager::find(const std::string& name) const {
  auto row = parts_->table.row(name);
  if (row && row->owner != runtime::kRuntimeOwner) {
    runtime::Runtime& runtime = parts_->surroundings.runtime;
    row->task_types = live_types(runtime, row->owner);
    row->made = made_things(runtime, row->owner);
  }
  return row;
}

std::string PluginManager::owner_plugin(runtime::OwnerId owner) const {
  if (owner == runtime::kRuntimeOwner) return {};
  for (const auto& instance : parts_->table.live()) {
    if (instance->owner() == owner) return instance->name();
  }
  return {};
}

}  // namespace ekiden::daemon
