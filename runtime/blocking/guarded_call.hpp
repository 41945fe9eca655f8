// Calls into a job's functions: inside the owner's presence, and with a net for what they throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/blocking/job.hpp"

namespace ekiden::runtime {

struct JobOutcome {
  bool failed = false;
  std::int32_t result = 0;  // where it has not failed
  // Where it has: what the exception said, at most kFailureTextMost bytes; null without memory.
  std::unique_ptr<std::string> failure;
};

inline constexpr std::size_t kFailureTextMost = 1024;

// Runs the job. An exception that leaves it makes the outcome a failure; its text is copied and the
// exception destroyed before the owner's presence ends, for its code may be the owner's too. A
// forced unwind (pthread_exit, pthread_cancel) makes it a failure and goes on: the C++ ABI wants
// that, and this thread ends.
void run_guarded(OwnerId owner, const Job& job, JobOutcome& outcome);

// Drops the job if it has a drop. Exceptions are swallowed (there is nobody left to tell), a forced
// unwind goes on.
void drop_guarded(OwnerId owner, const Job& job);

}  // namespace ekiden::runtime
