#include "runtime/task/maker.hpp"

namespace ekiden::runtime::maker {
namespace {

thread_local TaskHeader* const* followed = nullptr;

}  // namespace

void follow(TaskHeader* const* polled) noexcept { followed = polled; }

TypeId current() noexcept {
  if (followed == nullptr || *followed == nullptr) return kOutsideTasks;
  // relaxed: whoever polls a task has seen its type already.
  const TaskType* type = (*followed)->type.load(std::memory_order_relaxed);
  return type != nullptr ? type->id : kOutsideTasks;
}

}  // namespace ekiden::runtime::maker
