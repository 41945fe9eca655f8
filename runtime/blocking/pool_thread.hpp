// One thread of the blocking pool, and the place where it sleeps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <thread>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/blocking/job_table.hpp"

namespace ekiden::runtime {

// Sleeps on a word of its own, so that a submitter wakes exactly the thread that it chose.
class PoolParker {
 public:
  // Before the thread lets others find it.
  void prepare() noexcept;
  // By its own thread: sleeps until signalled; false when that did not come within `for_ns`.
  bool wait_for(Nanos for_ns) noexcept;
  void wait() noexcept;
  // By whoever found the thread, once.
  void signal() noexcept;

 private:
  bool is_signalled() const noexcept;

  Atomic<std::uint32_t> signalled_{0};
};

// Whether the calling thread is one of a pool's. Each spawn asks, so it is one load.
inline thread_local constinit bool on_pool_thread = false;

// Records are used again and never freed before the pool, so that a late signal() finds memory of
// its kind. Everything but the parker is guarded by the pool's lock.
struct PoolThread {
  PoolParker parker;
  std::thread thread;
  pid_t thread_id = 0;  // valid while it runs a job
  JobSlot* running = nullptr;
  Nanos since_ns = 0;  // `running` was taken then
};

}  // namespace ekiden::runtime
