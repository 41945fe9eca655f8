#include "daemon/app/stall_text.hpp"

#include <system_error>

#include "daemon/plugins/steady_time.hpp"
#include "daemon/plugins/unfinished.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {

std::string stall_text(const runtime::Stall& stall, const std::string& owner) {
  const runtime::Straggler poll{stall.owner, stall.task, "task type " + stall.type,
                                stall.lasted_ns};
  const std::string who = "'" + owner + "': ";
  const std::string worker = "worker " + std::to_string(stall.worker);
  switch (stall.event) {
    case runtime::StallEvent::kLasts:
      return worker + " is held up: " + who + describe(poll);
    case runtime::StallEvent::kReplaced:
      return worker + " is replaced by worker " + std::to_string(stall.replacement) + ": " + who +
             describe(poll);
    case runtime::StallEvent::kNotReplaced:
      return worker + " cannot be replaced, no thread can be started (" +
             std::generic_category().message(stall.os_error) +
             "); it is tried again as long as workers are held up. " + who + describe(poll);
    case runtime::StallEvent::kReturned:
      return worker + " is free again: " + who + describe_returned(poll);
  }
  return worker;
}

}  // namespace ekiden::daemon
