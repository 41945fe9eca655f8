// A runtime and plugins that are data, for tests of methods and of ekidenctl.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/control/daemon_state.hpp"
#include "daemon/control/methods.hpp"
#include "daemon/control/plugin_control.hpp"
#include "daemon/control/runtime_view.hpp"
#include "runtime/base/atomic.hpp"

namespace ekiden::daemon::control::test {

class FakeRuntime final : public RuntimeView {
 public:
  std::vector<runtime::WorkerInfo> workers_;
  std::vector<runtime::TaskInfo> tasks_;
  std::vector<runtime::TypeInfo> types_;
  runtime::QueueInfo queues_;
  std::vector<runtime::ChannelInfo> channels_;
  runtime::TypeTimesSnapshot times_;  // of every type and worker
  std::vector<runtime::Handle> cancelled_;

  unsigned workers() const override { return static_cast<unsigned>(workers_.size()); }
  std::uint64_t live_tasks() const override { return tasks_.size(); }
  std::vector<runtime::WorkerInfo> list_workers() const override { return workers_; }
  runtime::QueueInfo queue_info() const override { return queues_; }
  std::vector<runtime::ChannelInfo> list_channels() const override { return channels_; }
  std::vector<runtime::TypeInfo> list_types() const override { return types_; }
  // A slot is an element of tasks_, which are in the order of their indices.
  runtime::TaskScan begin_scan(runtime::TaskFilter filter, runtime::Handle after) const override;
  void scan_tasks(runtime::TaskScan& scan, std::size_t slots,
                  std::vector<runtime::TaskKey>& found) const override;
  runtime::TypeTimesSnapshot type_times(runtime::TypeId) const override { return times_; }
  runtime::TypeTimesSnapshot worker_times(unsigned) const override { return times_; }
  std::optional<runtime::TaskInfo> task_info(runtime::Handle task) const override;
  WaitFacts describe_wait(const runtime::TaskInfo& task) const override;
  runtime::Status cancel_task(runtime::Handle task) override;
};

// `echo` is owner 1 and runs, `broken` was refused. load, unload and call answer at once with what
// was put into `answers_` under the plugin's name, or with kNotFound.
class FakePlugins final : public PluginControl {
 public:
  std::vector<PluginRow> rows_;
  std::map<std::string, PluginResult> answers_;
  std::vector<std::string> progress_;  // told in every call before it is answered
  std::vector<std::string> log_;       // "load echo", "call echo stats {…} 30000"

  FakePlugins();
  std::vector<PluginRow> list() const override { return rows_; }
  std::optional<PluginRow> find(const std::string& name) const override;
  std::string owner_plugin(runtime::OwnerId owner) const override;
  void load(std::string name, PluginDone done) override;
  void unload(std::string name, PluginDone done) override;
  void reload(std::string name, PluginDone done) override;
  void call(std::string name, std::string method, std::string params_json,
            std::chrono::nanoseconds timeout, PluginDone done, PluginProgress progress) override;

 private:
  void answer(const std::string& name, const PluginDone& done) const;
};

struct FakeDaemon {
  FakeRuntime runtime;
  FakePlugins plugins;
  runtime::Atomic<int> shutdowns{0};
  DaemonState state;

  // With a worker, two tasks of `echo`, a channel and settings of its own.
  FakeDaemon();
  Backends backends() { return {state, runtime, plugins}; }
};

}  // namespace ekiden::daemon::control::test
