// What the control methods see of the runtime, and the one thing they may do to it. An interface,
// so that methods and server are tested without a scheduler; runtime_access.hpp is the real one.
//
// Everything is called on the control thread and never waits for a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/runtime.hpp"

namespace ekiden::daemon::control {

// What a task waits for, as far as it can be told.
struct WaitFacts {
  std::string kind;                            // "task", "timer", "io", "job"
  std::optional<std::int64_t> deadline_in_ms;  // of a timer; below zero: overdue
  std::optional<int> descriptor;
  std::string local_address;  // of a socket; empty where there is none
  std::string peer_address;
};

class RuntimeView {
 public:
  virtual unsigned workers() const = 0;
  virtual std::uint64_t live_tasks() const = 0;
  virtual std::vector<runtime::WorkerInfo> list_workers() const = 0;
  virtual runtime::QueueInfo queue_info() const = 0;
  virtual std::vector<runtime::TypeInfo> list_types() const = 0;
  virtual std::vector<runtime::TaskInfo> list_tasks(std::optional<runtime::OwnerId> owner,
                                                    runtime::Handle after,
                                                    std::size_t limit) const = 0;
  virtual std::optional<runtime::TaskInfo> task_info(runtime::Handle task) const = 0;
  virtual WaitFacts describe_wait(runtime::Handle on) const = 0;
  // kOk: it will end the way its type says. kStale: there is no such task (any more).
  virtual runtime::Status cancel_task(runtime::Handle task) = 0;

 protected:
  ~RuntimeView() = default;
};

}  // namespace ekiden::daemon::control
