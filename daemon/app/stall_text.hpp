// What the log says of a poll that holds a worker.
#pragma once

#include <string>

namespace ekiden::runtime {
struct Stall;
}  // namespace ekiden::runtime

namespace ekiden::daemon {

// `owner`: the name of the task's owner, its plugin. Any thread.
std::string stall_text(const runtime::Stall& stall, const std::string& owner);

}  // namespace ekiden::daemon
