// Who makes a timer, a descriptor or a job: the type of the task that the calling thread polls, so
// that what is left at an unload can be traced to the code that made it.
//
// Costs nothing a poll: a worker says once where it keeps the task that it polls.
#pragma once

#include <cstdint>
#include <map>

#include "runtime/task/task_header.hpp"

namespace ekiden::runtime {

namespace maker {

// Not made within a task: by a lifecycle callback, a command, a job or a thread of the owner's own.
inline constexpr TypeId kOutsideTasks = 0;

// From now on the calling thread polls what `*polled` points to, which it alone changes; null: it
// polls nothing any more.
void follow(TaskHeader* const* polled) noexcept;

// Of the calling thread.
TypeId current() noexcept;

}  // namespace maker

// How many of one kind each type of task has made.
using MakerCounts = std::map<TypeId, std::uint64_t>;

}  // namespace ekiden::runtime
