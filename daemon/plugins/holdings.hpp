// What an instance owns in the runtime, by kind, by task type and by who made it: for `plugin info`
// and for saying what an unload has left.
#pragma once

#include <string>
#include <vector>

#include "daemon/plugins/plugin_result.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {
class Runtime;
}

namespace ekiden::daemon {

// Each looks at everything of the runtime once: not for every row of a list.
// Any thread.
std::vector<LiveType> live_types(const runtime::Runtime& runtime, runtime::OwnerId owner);
std::vector<MadeThings> made_things(runtime::Runtime& runtime, runtime::OwnerId owner);

// "2 tasks of type parked, 1 of type stuck"; empty: none. It names at most
// plugin_limits::kTypesNamedMax and counts the rest.
std::string tasks_text(const std::vector<LiveType>& types);
// "20 timers made by task type parked, 1 descriptor made outside a task"; empty: none. As above.
std::string things_text(const std::vector<MadeThings>& things);

}  // namespace ekiden::daemon
