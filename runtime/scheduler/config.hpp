// What the scheduler is built with, and the numbers that are not configuration.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

enum class StallEvent : std::uint8_t {
  kLasts,        // it has passed stall_report_ns
  kReplaced,     // it has passed stall_replace_ns, and another worker was started
  kNotReplaced,  // no thread could be started; told once until one can, and tried again each tick
  kReturned,     // of one that was reported: `lasted_ns` is all of it, to a tick
};

// A poll that has held a worker longer than the limit.
struct Stall {
  StallEvent event = StallEvent::kLasts;
  unsigned worker = 0;
  OwnerId owner = kRuntimeOwner;
  std::string type;
  Handle task;
  Nanos lasted_ns = 0;
  unsigned replacement = 0;  // kReplaced: the worker that stands in
  int os_error = 0;          // kNotReplaced: errno
};

struct SchedulerConfig {
  unsigned workers = 1;                    // 1 to kWorkersMax
  std::size_t local_queue_capacity = 256;  // a power of two; of ring and child stack each
  std::size_t global_queue_capacity = 1'048'576;
  unsigned global_queue_interval = 0;  // polls; 0: tuned
  unsigned event_interval = 61;        // polls
  bool lifo_slot = true;
  unsigned poll_budget = 128;
  Nanos stall_report_ns = 50 * kNanosPerMilli;
  Nanos stall_replace_ns = 200 * kNanosPerMilli;  // at least stall_report_ns
  unsigned stall_replace_max = 0;                 // replacements at a time, to kReplacementsMax
  // Called once an event of a stall, on the monitor's thread. May be empty.
  std::function<void(const Stall&)> on_stall;

  // Numbers that workers may have: the configured ones, then their replacements.
  unsigned worker_slots() const { return workers + stall_replace_max; }
};

inline constexpr unsigned kWorkersMax = 1024;
inline constexpr unsigned kReplacementsMax = 1024;

// Tasks in a row from the LIFO slot; the next one goes to the ring's tail, so that two tasks that
// wake each other do not keep everybody else waiting. As in tokio.
inline constexpr unsigned kLifoRunMax = 3;

// Tasks in a row that are not the ring's oldest (of the LIFO slot, the child stack, and parents
// that go on): then the ring has its turn. The oldest child has it by turns with the global queue.
inline constexpr unsigned kAheadRunMax = 64;

// Events that one turn of the reactor dispatches at most.
inline constexpr std::size_t kEventsPerTurn = 64;

// Besides the poll count (event_interval), I/O is looked at this often while longer polls run.
inline constexpr Nanos kEventPeriodNs = 200 * kNanosPerMicro;

// Handing the reactor on costs a wake-up of another worker, so it is done only for work that is
// worth it: tasks whose polls take longer than this on average.
inline constexpr Nanos kLongPollNs = 100 * kNanosPerMicro;
// And where a turn woke several tasks, if they take longer than this together. A wake-up takes some
// 5 to 50 us, and takes a CPU from whoever sends us work.
inline constexpr Nanos kWorthWakeNs = 50 * kNanosPerMicro;

// Where tasks of several types take turns, how many batches and delays are recorded between two
// looks at the clock, at most; each costs some 10 ns, the period is about 10 us.
inline constexpr unsigned kTurnSamples = 4;
// And how many delays of a millisecond and more are recorded one by one.
inline constexpr unsigned kLongDelays = 4;

// A worker that looks before it sleeps stops after so many looks, should the clock stand still.
inline constexpr unsigned kLooksMax = 2048;
// A yield that takes longer has let somebody else run; one that is refused takes 0.2 us.
inline constexpr Nanos kOfferTakenNs = 2 * kNanosPerMicro;

inline constexpr Nanos kMonitorTickNs = 10 * kNanosPerMilli;

// The time between two looks of the monitor counts against a poll up to this. What is beyond is
// time in which the monitor did not run either: the process was stopped or had no CPU.
inline constexpr Nanos kTickCountsNsMax = 2 * kMonitorTickNs;

}  // namespace ekiden::runtime
