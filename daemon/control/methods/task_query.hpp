// What task.list and task.dump were asked: which tasks, in which order, and where to go on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/control/error.hpp"
#include "daemon/control/methods.hpp"
#include "daemon/control/params.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::control {

// In the order of runtime::TaskState and runtime::WaitKind.
inline constexpr std::array<std::string_view, 5> kTaskStateNames = {"reserved", "queued", "running",
                                                                    "waiting", "ended"};
inline constexpr std::array<std::string_view, 7> kWaitKindNames = {
    "unknown", "timer", "io", "join", "job", "children", "channel"};

enum class TaskSort : std::uint8_t { kId, kAge, kPolls };
inline constexpr std::array<std::string_view, 3> kTaskSortNames = {"id", "age", "polls"};

// Total: no two tasks are equal in it, so a page can go on behind any of them.
class TaskOrder {
 public:
  TaskOrder(TaskSort sort, bool descending) : sort_(sort), descending_(descending) {}

  bool operator()(const runtime::TaskKey& a, const runtime::TaskKey& b) const;
  // The order in which slots are walked: then the first rows are known before the walk's end.
  bool is_slot_order() const { return sort_ == TaskSort::kId && !descending_; }
  TaskSort sort() const { return sort_; }

  // Where a page ends, as clients see it: one that they need not understand.
  std::string cursor_behind(const runtime::TaskKey& key) const;
  std::optional<runtime::TaskKey> parse_cursor(std::string_view text) const;

 private:
  TaskSort sort_;
  bool descending_;
};

struct TaskQuery {
  runtime::TaskFilter filter;
  TaskOrder order{TaskSort::kId, false};
  std::size_t limit = 0;
  std::optional<runtime::TaskKey> after;
};

ParamSpecs task_list_params();
ParamSpecs task_dump_params();
// `params` agree with one of the specs above. The query, or why it cannot be answered.
std::optional<RpcError> read_task_query(const Backends& backends, const nlohmann::json& params,
                                        std::size_t limit_if_absent, TaskQuery& out);

}  // namespace ekiden::daemon::control
