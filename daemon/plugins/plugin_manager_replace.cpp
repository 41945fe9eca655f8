// Upgrades: the next generation is checked beside the one that runs, takes its place, and gives it
// back where its own init or start fails.
#include <system_error>
#include <utility>

#include "daemon/logging/log.hpp"
#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/plugin_manager_parts.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "plugins";

std::string generation_text(std::uint32_t generation) {
  return "generation " + std::to_string(generation);
}

// Of what the folder asked for: the log and the row have it.
void instance_says_so(const PluginResult& /*result*/) {}

// Where there is no instance to say so, the log does.
bool is_begun(const std::optional<PluginResult>& refusal) {
  if (!refusal) return true;
  // A conflict is nobody's mistake: the folder is looked at again when what is in the way is over.
  log::write(refusal->outcome == Outcome::kConflict ? log::Level::kInfo : log::Level::kError, kLog,
             refusal->message);
  return false;
}

}  // namespace

PluginManager::Parts::NotBegun PluginManager::Parts::replace(const std::string& name,
                                                             const std::function<void()>& accepted,
                                                             const PluginDone& done) {
  const auto may_replace = [](const std::shared_ptr<Instance>& live) {
    const InstanceState state = live->state();
    return state == InstanceState::kRunning || state == InstanceState::kDraining;
  };
  const auto make = [&](std::uint32_t generation, const std::shared_ptr<Instance>& live) {
    return make_next(name, live, generation, accepted, done);
  };
  PluginTable::EnteredNext entered;
  try {
    // Held until it is entered: so whoever stops the daemon finds it, or it finds that.
    runtime::MutexLock lock(mutex);
    if (stopping) {
      return refused(Outcome::kConflict,
                     "'" + name + "' is not replaced: the daemon is shutting down");
    }
    entered = table.enter_next(name, may_replace, make);
  } catch (const std::system_error& e) {
    return refused(Outcome::kFailed, "no thread can be started for '" + name + "' (" + e.what() +
                                         "); raise the limit on threads");
  }
  if (entered.made) return std::nullopt;
  if (!entered.live) return refused(Outcome::kNotFound, "no plugin '" + name + "' is loaded");
  const PluginRow row = entered.live->row();
  if (!entered.next) {
    return refused(Outcome::kConflict,
                   "'" + name + "' cannot be replaced: " + generation_text(row.generation) +
                       " is " + row.state + "; try again when it runs");
  }
  return refused(Outcome::kConflict,
                 "'" + name + "' is being replaced already" +
                     (entered.next->waits_for_predecessor()
                          ? ": the new file waits until " + generation_text(row.generation) +
                                " has ended; unload it to let it go on"
                          : "; try again when that is done"));
}

// Called with the table locked: it finds the instance only afterwards.
std::shared_ptr<Instance> PluginManager::Parts::make_next(const std::string& name,
                                                          const std::shared_ptr<Instance>& old,
                                                          std::uint32_t generation,
                                                          const std::function<void()>& accepted,
                                                          const PluginDone& done) {
  const auto unload_ns = static_cast<runtime::Nanos>(settings.unload_ms) * runtime::kNanosPerMilli;
  LoadPlan plan;
  plan.handover = std::make_shared<Handover>(old, unload_ns);
  plan.handover_max_ns = unload_ns;
  plan.waits = [this, name, old_generation = old->generation()](const PluginResult& late) {
    const std::string text =
        "the new file waits until " + generation_text(old_generation) + " has ended";
    log::warn(kLog, late.message + "; " + text + ", and is started when a later unload succeeds");
    table.set_pending_error(name, old_generation, text);
    // From now on a further change can be acted upon, by giving this replacement up.
    autoload.operation_is_over(name);
  };
  // What already had to go when the file changed is not brought back.
  if (auto kept = old->state() == InstanceState::kRunning ? old->copy() : nullptr) {
    plan.fall_back = [this, name, kept = std::move(kept), kept_generation = old->generation()](
                         const PluginResult& failed, const PluginDone& answer) {
      fall_back(name, kept, kept_generation, failed, answer);
    };
  }
  auto made = make_instance(name, generation, settings.of(name));
  if (accepted) accepted();
  made->load(std::move(plan), done);
  return made;
}

void PluginManager::Parts::fall_back(const std::string& name,
                                     const std::shared_ptr<const CopyFile>& kept,
                                     std::uint32_t kept_generation, const PluginResult& failed,
                                     const PluginDone& done) {
  const std::string old = generation_text(kept_generation);
  log::warn(kLog, "'" + name + "': loading the file of " + old + " again");
  const auto answer = [this, name, old, failed, done](const PluginResult& result) {
    PluginResult told = failed;
    if (result.outcome == Outcome::kOk) {
      told.message += "; the file of " + old + " runs again";
      table.set_pending_error(name, PluginTable::kWhicheverLives,
                              failed.message + "; the file of " + old + " runs again");
      log::warn(kLog, "'" + name + "': the file of " + old + " runs again");
    } else {
      told.message += "; and the file of " + old + " does not run again: " + result.message;
      log::error(kLog, "'" + name + "': the file of " + old + " does not run again");
    }
    done(std::move(told));
  };
  LoadPlan plan;
  plan.kept = kept;
  if (const auto refusal = enter(name, settings.of(name), plan, answer)) answer(*refusal);
}

// --- What the folder asks for --------------------------------------------------------------------

std::vector<std::string> PluginManager::Parts::names() const {
  std::vector<std::string> names;
  for (const PluginRow& row : table.rows())
    names.push_back(row.name);
  return names;
}

bool PluginManager::Parts::load_new(const std::string& name) {
  log::info(kLog, "'" + name + "' is in the plugin folder, new or changed: loading it");
  return is_begun(load_joinably(name));
}

PluginManager::Parts::NotBegun PluginManager::Parts::load_joinably(const std::string& name) {
  LoadPlan plan;
  plan.joinable = std::make_shared<JoinableLoad>();
  return load(name, plan,
              [load = plan.joinable](const PluginResult& result) { load->finish(result); });
}

bool PluginManager::Parts::load_replaced(const std::string& name) {
  log::info(kLog, "'" + name + "' was replaced in the plugin folder: upgrading it");
  NotBegun refusal = replace(name, nullptr, instance_says_so);
  // What was to be replaced has ended since the folder was looked at.
  if (refusal && refusal->outcome == Outcome::kNotFound) refusal = load_joinably(name);
  return is_begun(refusal);
}

void PluginManager::Parts::unload_removed(const std::string& name) {
  log::info(kLog, "'" + name + "' was removed from the plugin folder: unloading it");
  unload(name, Replacements::kGiveUp, [](const PluginResult& result) {
    if (result.outcome == Outcome::kTimedOut) log::warn(kLog, result.message);
  });
}

void PluginManager::Parts::give_up_replacement(const std::string& name) {
  if (const auto next = table.find_next(name)) next->give_up_start();
}

void PluginManager::Parts::refuse_name(const std::string& stem) {
  const Refusal refusal = not_a_plugin_name(stem);
  log::error(kLog, refusal.text);
  note_refused(stem, to_string(InstanceState::kRefused), refusal.text);
}

}  // namespace ekiden::daemon
