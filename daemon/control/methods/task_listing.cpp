#include "daemon/control/methods/task_listing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/limits.hpp"
#include "daemon/control/runtime_view.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;
using runtime::Handle;
using runtime::TaskKey;

runtime::Nanos now_ns() { return runtime::SystemClock::instance().now_ns(); }

}  // namespace

TaskListing::TaskListing(const Backends& backends, TaskQuery query)
    : backends_(backends),
      query_(std::move(query)),
      // In slot order nothing in front of the cursor can be wanted; in others everything may be.
      scan_(backends.runtime.begin_scan(query_.filter, query_.after && query_.order.is_slot_order()
                                                           ? query_.after->id
                                                           : Handle())),
      give_up_ns_(now_ns() + kTaskScanMaxMs * runtime::kNanosPerMilli),
      rows_(backends),
      tasks_(std::make_unique<json>(json::array())) {
  // A plugin that was never loaded has no owner, and so no tasks.
  if (query_.filter.owner == runtime::kRuntimeOwner) scan_.done = true;
}

TaskListing::~TaskListing() = default;

bool TaskListing::step() {
  if (!scanned_) {
    scan();
  } else {
    describe();
  }
  return scanned_ && described_ == best_.size();
}

void TaskListing::scan() {
  found_.clear();
  backends_.runtime.scan_tasks(scan_, kTaskSlotsPerStep, found_);
  matched_ += found_.size();
  for (const TaskKey& key : found_)
    keep(key);
  const bool enough = query_.order.is_slot_order() && best_.size() > query_.limit;
  const bool in_time = now_ns() < give_up_ns_;
  if (!scan_.done && !enough && in_time) return;
  complete_ = scan_.done || enough;
  end_scan();
}

// In slot order the first ones are the best. Else a heap, whose top is the worst of those kept.
void TaskListing::keep(const TaskKey& key) {
  const TaskOrder& before = query_.order;
  if (query_.after && !before(*query_.after, key)) return;
  const std::size_t most = query_.limit + 1;
  if (best_.size() == most) {
    if (before.is_slot_order() || !before(key, best_.front())) return;
    std::pop_heap(best_.begin(), best_.end(), before);
    best_.pop_back();
  }
  best_.push_back(key);
  if (!before.is_slot_order()) std::push_heap(best_.begin(), best_.end(), before);
}

void TaskListing::end_scan() {
  scanned_ = true;
  if (!query_.order.is_slot_order()) std::sort_heap(best_.begin(), best_.end(), query_.order);
  if (best_.size() > query_.limit) {
    best_.pop_back();
    next_ = query_.order.cursor_behind(best_.back());
  } else if (!complete_ && query_.order.is_slot_order()) {
    // The time was up: the next page goes on where this one has stopped looking.
    next_ = query_.order.cursor_behind(TaskKey{scan_.at});
  }
  found_ = {};
}

void TaskListing::describe() {
  const std::size_t end = std::min(best_.size(), described_ + kTaskRowsPerStep);
  for (; described_ < end; described_++) {
    // It may have ended since, or not be any more what was asked for.
    const auto task = backends_.runtime.task_info(best_[described_].id);
    if (task && runtime::matches(query_.filter, *task)) tasks_->push_back(rows_.row(*task));
  }
}

json TaskListing::take_result() {
  return {{"tasks", std::move(*tasks_)},
          {"next", next_ ? json(*next_) : json(nullptr)},
          {"matched", matched_},
          {"looked_at", scan_.looked_at},
          {"complete", complete_}};
}

}  // namespace ekiden::daemon::control
