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
  std::vector<runtime::TypeInfo> list_types() const override;
  std::vector<runtime::TaskInfo> list_tasks(std::optional<runtime::OwnerId> owner,
                                            runtime::Handle after,
                                            std::size_t limit) const override;
  std::optional<runtime::TaskInfo> task_info(runtime::Handle task) const override;
  WaitFacts describe_wait(runtime::Handle on) const override;
  runtime::Status cancel_task(runtime::Handle task) override;

 private:
  runtime::Runtime& runtime_;
};

}  // namespace ekiden::daemon::control
