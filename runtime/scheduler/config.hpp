// What the scheduler is built with, and the numbers that are not configuration.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

// A poll that has held a worker longer than the limit.
struct Stall {
  unsigned worker = 0;
  OwnerId owner = kRuntimeOwner;
  std::string type;
  Handle task;
  Nanos lasted_ns = 0;
};

struct SchedulerConfig {
  unsigned workers = 1;  // 1 to kWorkersMax
  std::size_t local_queue_capacity = 256;
  std::size_t global_queue_capacity = 1'048'576;
  unsigned global_queue_interval = 0;  // polls; 0: tuned
  unsigned event_interval = 61;        // polls
  bool lifo_slot = true;
  unsigned poll_budget = 128;
  Nanos stall_report_ns = 50 * kNanosPerMilli;
  // Called once a stall, while it lasts, on the monitor's thread. May be empty.
  std::function<void(const Stall&)> on_stall;
};

inline constexpr unsigned kWorkersMax = 1024;

// Tasks in a row from the LIFO slot; the next one goes to the ring's tail, so that two tasks that
// wake each other do not keep everybody else waiting. As in tokio.
inline constexpr unsigned kLifoRunMax = 3;

// Events that one turn of the reactor dispatches at most.
inline constexpr std::size_t kEventsPerTurn = 256;

// Besides the poll count (event_interval), I/O is looked at this often while longer polls run.
inline constexpr Nanos kEventPeriodNs = 200 * kNanosPerMicro;

// Handing the reactor on costs a wake-up of another worker, so it is done only for work that is
// worth it: tasks whose polls take longer than this on average.
inline constexpr Nanos kLongPollNs = 100 * kNanosPerMicro;

inline constexpr Nanos kMonitorTickNs = 10 * kNanosPerMilli;

}  // namespace ekiden::runtime
