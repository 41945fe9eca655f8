// One generation of a plugin, from the first look at its file until none of its code runs any more.
// instance_state.hpp has its states.
//
// Everything that may block happens on the instance's lifecycle thread, which is the only one that
// moves the state, apart from running -> draining: that happens at once, when the unload is asked
// for, so that a callback which does not return cannot keep admission open. Each request is
// answered by the lifecycle thread or, if that is stuck, by its deadline.
#pragma once

#include <ekiden/plugin.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/config/settings.hpp"
#include "daemon/plugins/answer.hpp"
#include "daemon/plugins/callback.hpp"
#include "daemon/plugins/copy_file.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/handover.hpp"
#include "daemon/plugins/instance_state.hpp"
#include "daemon/plugins/joinable_load.hpp"
#include "daemon/plugins/lifecycle_thread.hpp"
#include "daemon/plugins/loaded_plugin.hpp"
#include "daemon/plugins/plugin_result.hpp"
#include "daemon/plugins/retirement.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

// What all instances share; outlives them.
struct InstanceSurroundings {
  runtime::Runtime& runtime;
  Host& host;
  DeadlineThread& deadlines;
  PluginFolders folders;
  bool keep_mapped = false;
  // Told on the lifecycle thread when a load is over, whatever came of it. Must not block.
  std::function<void(const std::string& name)> load_is_over = {};
};

// How a generation comes to run where that is not the plain way: from the folder, with none before
// it.
struct LoadPlan {
  std::shared_ptr<const CopyFile> kept;     // load this copy again and not the folder's file
  const ekd_plugin_desc* linked = nullptr;  // part of this program: there is no file
  std::shared_ptr<Handover> handover;       // start when the one before it has gone
  runtime::Nanos handover_max_ns = 0;       // what that may take before the load counts as late
  Handover::Late waits;                     // the one before it missed its deadline
  std::shared_ptr<JoinableLoad> joinable;   // the folder has begun it
  // It did not start, after the one before it had gone, and nothing of it is left: takes over the
  // answer. Lifecycle thread.
  std::function<void(const PluginResult& failed, PluginDone done)> fall_back;
};

class Instance : public std::enable_shared_from_this<Instance> {
 public:
  // Told once, on the lifecycle thread, that the instance is over: retired, failed or refused. The
  // thread is about to end; somebody else has to join() it. Answers come after it, also to what is
  // asked for meanwhile.
  // `outcome` is kOk for a retired one, else why it did not come to run.
  using Over = std::function<void(const std::shared_ptr<Instance>&, Outcome outcome)>;

  // Starts the lifecycle thread: throws std::system_error where there is none.
  Instance(const InstanceSurroundings& surroundings, std::string name, std::uint32_t generation,
           PluginSetting setting, Over over);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // --- Any thread; none of them waits ------------------------------------------------------------
  void load(LoadPlan plan, PluginDone done);  // once, first
  // True: the folder loads or has loaded it, nobody has joined that before, and `done` hears of it.
  bool join_load(const PluginDone& done);
  void unload(runtime::Nanos deadline_ns, PluginDone done);
  void call(std::string method, std::string params, runtime::Nanos deadline_ns, PluginDone done,
            PluginProgress progress);
  // A start that has answered "pending", or will, is given up and rolled back; one that waits for
  // the generation before it does not happen.
  void give_up_start();
  // For the next generation: see Handover.
  void predecessor_is_over();
  bool waits_for_predecessor() const;

  const std::string& name() const { return name_; }
  InstanceState state() const;
  runtime::OwnerId owner() const;  // kRuntimeOwner: the host does not know it (yet, or any more)
  PluginRow row() const;
  // What it was loaded from, to be kept; nullptr before and after that.
  std::shared_ptr<const CopyFile> copy() const;
  std::uint32_t generation() const { return generation_; }
  // What init gets; null: the host does not know it (yet, or any more).
  ekd_ctx* context() const;
  // What its end has found. Once it is over; empty where nothing of it ever ran.
  RetirementReport report() const;
  // A command has not returned yet, or waits for its turn.
  bool is_in_command() const { return state() == InstanceState::kRunning && !thread_.is_idle(); }
  std::vector<runtime::Straggler> running() const;
  // Says what keeps it from ending or from starting.
  std::string describe_unfinished() const;

  void join() { thread_.join(); }

 private:
  using SharedAnswer = std::shared_ptr<Answer>;

  // On the lifecycle thread:
  void run_load(const SharedAnswer& answer);
  void undo_load(const Refusal& refusal, const SharedAnswer& answer);
  std::optional<Refusal> try_load(const SharedAnswer& answer);
  std::optional<Refusal> wait_for_predecessor(const SharedAnswer& answer);
  std::optional<Refusal> open_in_host();
  std::optional<Refusal> start();
  void discard_library();
  void roll_back(const Refusal& refusal);
  Retirement& retirement();
  void run_unload(runtime::Nanos deadline_ns, const SharedAnswer& answer);
  void run_command(ekd_call call, const std::string& method, const std::string& params);
  void end(InstanceState state, const Refusal& why);

  void stop_admission();
  void set_state(InstanceState state, std::string error = {});
  PluginResult timed_out(const char* what, runtime::Nanos since_ns) const;
  // The same for an unload, and the row shows it.
  PluginResult unload_timed_out(runtime::Nanos since_ns);
  PluginResult not_running() const;
  PluginResult over_before_unload() const;
  std::string shown() const { return "'" + name_ + "'"; }

  const InstanceSurroundings& surroundings_;
  const std::string name_;
  const std::uint32_t generation_;
  const PluginSetting setting_;
  const Over over_;

  // Written by load(), before the lifecycle thread has anything to do.
  LoadPlan plan_;

  // Lifecycle thread only.
  OpenedPlugin plugin_;
  bool predecessor_has_gone_ = false;
  CallbackRunner* runner_ = nullptr;  // callbacks_.get(), for which it needs no lock
  std::optional<Retirement> retirement_;

  mutable runtime::Mutex mutex_;
  InstanceState state_ EKIDEN_GUARDED_BY(mutex_) = InstanceState::kChecking;
  PluginRow row_ EKIDEN_GUARDED_BY(mutex_);
  bool start_given_up_ EKIDEN_GUARDED_BY(mutex_) = false;
  // While the host knows the instance.
  ekd_ctx* ctx_ EKIDEN_GUARDED_BY(mutex_) = nullptr;
  // Made by the lifecycle thread when the host knows the instance, and there from then on.
  std::shared_ptr<CallbackRunner> callbacks_ EKIDEN_GUARDED_BY(mutex_);
  runtime::Nanos running_since_ns_ EKIDEN_GUARDED_BY(mutex_) = 0;
  std::weak_ptr<const CopyFile> copy_ EKIDEN_GUARDED_BY(mutex_);
  RetirementReport report_ EKIDEN_GUARDED_BY(mutex_);

  LifecycleThread thread_;  // last: its work uses all of the above
};

}  // namespace ekiden::daemon
