// What is run on the blocking pool.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

// Once a pool has taken a job, exactly one of `run` and `drop` is called, once, inside the owner's
// PresenceScope; `argument` belongs to that call. A job that submit() refused stays the caller's.
struct Job {
  // On a pool thread; may block. What it returns is the job's result.
  std::int32_t (*run)(void* argument) = nullptr;
  // Where the job will never run: on the thread that takes it out of the queue. May be null.
  void (*drop)(void* argument) = nullptr;
  void* argument = nullptr;
};

// A job that a pool thread is in, or has been told to give up and has not left yet.
struct RunningJob {
  OwnerId owner = kRuntimeOwner;
  Handle job;
  Nanos since_ns = 0;   // on the pool's clock
  pid_t thread_id = 0;  // as in /proc/self/task
};

}  // namespace ekiden::runtime
