// Where a task is: its chains of coroutines, as text.
#pragma once

#include <ekiden/sdk/spawn.hpp>

#include <string>
#include <vector>

EKIDEN_SDK_BEGIN

namespace detail {

// "function (file:line)", or the name alone where it has awaited nothing yet.
inline std::string trace_line(const Routine& routine) {
  std::string line = routine.function != nullptr ? routine.function : "?";
  if (routine.file != nullptr)
    line.append(" (").append(routine.file).append(":").append(std::to_string(routine.line)) += ')';
  return line;
}

}  // namespace detail

// The coroutines of a branch, innermost first, then those that wait for it, out to the task's
// first; each with where it last awaited. Empty: the branch has ended. On the thread that polls its
// task.
inline std::vector<std::string> trace_of(const detail::Branch& branch) {
  std::vector<std::string> lines;
  for (const detail::Routine* at = branch.innermost(); at != nullptr;) {
    lines.push_back(detail::trace_line(*at));
    at = at->parent != nullptr ? at->parent : at->branch->outer();
  }
  return lines;
}

namespace this_task {

// [worker] Of the branch that runs, in a coroutine's own code. Throws Error (EKD_E_WRONG_THREAD).
inline std::vector<std::string> trace() {
  const detail::Branch* const running = core().turn().running;
  if (running == nullptr) throw Error(EKD_E_WRONG_THREAD, "no coroutine runs here");
  return trace_of(*running);
}

}  // namespace this_task

EKIDEN_SDK_END
