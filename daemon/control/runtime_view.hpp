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

#include "runtime/channel/channel.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::control {

// What a task waits for, as far as it can be told.
struct WaitFacts {
  std::optional<std::int64_t> deadline_in_ms;  // of a timer; below zero: overdue
  std::optional<int> descriptor;
  // Of a descriptor: "read", "write", "both"; of a channel "send", "receive". Empty: not known.
  std::string direction;
  std::string local_address;  // of a socket; empty where there is none
  std::string peer_address;
  std::string task_type;  // of the task that is joined, while it lives
  std::string job_state;  // "queued", "running", "ended"
  std::string channel;    // its name, while the end is open
};

class RuntimeView {
 public:
  virtual unsigned workers() const = 0;
  virtual std::uint64_t live_tasks() const = 0;
  virtual std::vector<runtime::WorkerInfo> list_workers() const = 0;
  virtual runtime::QueueInfo queue_info() const = 0;
  virtual std::vector<runtime::ChannelInfo> list_channels() const = 0;
  virtual std::vector<runtime::TypeInfo> list_types() const = 0;
  // See Runtime.
  virtual runtime::TaskScan begin_scan(runtime::TaskFilter filter, runtime::Handle after) const = 0;
  virtual void scan_tasks(runtime::TaskScan& scan, std::size_t slots,
                          std::vector<runtime::TaskKey>& found) const = 0;
  virtual runtime::TypeTimesSnapshot type_times(runtime::TypeId type) const = 0;
  virtual runtime::TypeTimesSnapshot worker_times(unsigned worker) const = 0;
  virtual std::optional<runtime::TaskInfo> task_info(runtime::Handle task) const = 0;
  virtual WaitFacts describe_wait(const runtime::TaskInfo& task) const = 0;
  // kOk: it will end the way its type says. kStale: there is no such task (any more).
  virtual runtime::Status cancel_task(runtime::Handle task) = 0;

 protected:
  ~RuntimeView() = default;
};

}  // namespace ekiden::daemon::control
