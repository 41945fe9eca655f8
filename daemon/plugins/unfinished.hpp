// Saying what keeps an instance from ending: which callback, which task, which job, for how long.
#pragma once

#include <string>

#include "runtime/task/owner.hpp"

namespace ekiden::runtime {
class Runtime;
struct Straggler;
}  // namespace ekiden::runtime

namespace ekiden::daemon {

class CallbackRunner;

// "the poll of task 42 (task type sleeper) has not returned for 5.0 s": names at most
// plugin_limits::kTasksNamedMax things and counts the rest; then everything that is left, by task
// type and by who made it. Never empty. Any thread.
std::string describe_unfinished(runtime::Runtime& runtime, runtime::OwnerId owner,
                                const CallbackRunner& callbacks);

// The same for one poll or job.
std::string describe(const runtime::Straggler& straggler);
// "the poll of task 42 (task type sleeper) took 5.0 s", of one that has returned by now.
std::string describe_returned(const runtime::Straggler& straggler);

}  // namespace ekiden::daemon
