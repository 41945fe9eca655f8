// A task as JSON: what task.info answers, and a row of task.list and task.dump.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/control/methods.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::control {

// For the rows of one answer. Control thread only.
class TaskRows {
 public:
  explicit TaskRows(const Backends& backends) : backends_(backends) {}

  nlohmann::json row(const runtime::TaskInfo& task);

 private:
  const std::string& plugin_of(runtime::OwnerId owner);
  nlohmann::json wait_of(const runtime::TaskInfo& task) const;
  nlohmann::json spawner_of(const runtime::TaskInfo& task) const;

  const Backends backends_;
  std::map<runtime::OwnerId, std::string> plugins_;
};

}  // namespace ekiden::daemon::control
