// RuntimeView of the real runtime.
#pragma once

#include "daemon/control/runtime_view.hpp"

namespace ekiden::daemon::control {

class RuntimeAccess final : public RuntimeView {
 public:
  explicit RuntimeAccess(runtime::Runtime& runtime) : runtime_(runtime) {}

  unsigned workers() const override;
  std::uint64_t live_tasks() const override;
  std::vector<runtime::WorkerInfo> list_workers() const override;
  runtime::QueueInfo queue_info() const override;
  std::vector<runtime::ChannelInfo> list_channels() const override;
  std::vector<runtime::TypeInfo> list_types() const override;
  runtime::TaskScan begin_scan(runtime::TaskFilter filter, runtime::Handle after) const override;
  void scan_tasks(runtime::TaskScan& scan, std::size_t slots,
                  std::vector<runtime::TaskKey>& found) const override;
  runtime::TypeTimesSnapshot type_times(runtime::TypeId type) const override;
  runtime::TypeTimesSnapshot worker_times(unsigned worker) const override;
  std::optional<runtime::TaskInfo> task_info(runtime::Handle task) const override;
  WaitFacts describe_wait(const runtime::TaskInfo& task) const override;
  runtime::Status cancel_task(runtime::Handle task) override;

 private:
  void describe_source(const runtime::TaskInfo& task, WaitFacts& facts) const;
  void describe_job(const runtime::TaskInfo& task, WaitFacts& facts) const;
  void describe_end(const runtime::TaskInfo& task, WaitFacts& facts) const;

  runtime::Runtime& runtime_;
};

}  // namespace ekiden::daemon::control
