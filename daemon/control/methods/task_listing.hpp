// One page of tasks being made, a bounded part at a time, so that the control thread answers others
// in between.
//
//   scan      a few thousand slots a step; keeps the best rows' keys and no more
//   describe  a few dozen rows a step, some of which cost a system call
//   done
//
// Memory: the keys and rows of one page, however many tasks there are.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/methods/task_query.hpp"
#include "daemon/control/methods/task_row.hpp"

namespace ekiden::daemon::control {

class TaskListing {
 public:
  TaskListing(const Backends& backends, TaskQuery query);
  ~TaskListing();
  TaskListing(const TaskListing&) = delete;
  TaskListing& operator=(const TaskListing&) = delete;

  // Does the next part, about a millisecond of work. True when there is none left.
  [[nodiscard]] bool step();
  // Once step() has said so: {"tasks", "next", "matched", "looked_at", "complete"}.
  nlohmann::json take_result();

 private:
  void scan();
  void keep(const runtime::TaskKey& key);
  void end_scan();
  void describe();

  const Backends backends_;
  const TaskQuery query_;
  runtime::TaskScan scan_;
  const runtime::Nanos give_up_ns_;  // CLOCK_MONOTONIC
  std::vector<runtime::TaskKey> found_;
  std::vector<runtime::TaskKey> best_;  // one more than the page, which tells whether there is more
  std::uint64_t matched_ = 0;
  bool scanned_ = false;
  bool complete_ = true;
  std::size_t described_ = 0;
  TaskRows rows_;
  std::unique_ptr<nlohmann::json> tasks_;
  std::optional<std::string> next_;
};

}  // namespace ekiden::daemon::control
