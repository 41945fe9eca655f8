// The thread that looks after the workers, every kMonitorTickNs while any of them is awake; it
// sleeps without limit when all are asleep.
//
// It is the backstop of three promises: no runnable task waits longer than two ticks while a worker
// sleeps; I/O and timers are served while every worker is busy; a poll that holds its worker too
// long is reported and counted while it lasts, and another worker replaces the one it holds.
// Nothing of it costs a poll anything: it looks at counters that are there anyway.
//
// It goes by the runtime's clock, or by the system's where that one is turned by hand: an hour that
// somebody turns it by says nothing of a poll.
//
// Time in which nobody ran is no stall. CLOCK_MONOTONIC stands still while the machine is
// suspended; where the process was stopped or got no CPU, the monitor's own tick comes late, and
// what it is late by is not counted against the polls it finds.
//
// Going to sleep. The monitor announces its sleep (seq_cst), then looks whether all workers are
// asleep (seq_cst). A worker that wakes up has left the idle set (seq_cst) and then looks for the
// announcement (seq_cst). One of them sees the other.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/observe/counters.hpp"
#include "runtime/scheduler/config.hpp"
#include "runtime/scheduler/inspect.hpp"
#include "runtime/scheduler/replacements.hpp"

namespace ekiden::runtime {

class Scheduler;
class Worker;
struct TaskType;

class Monitor {
 public:
  explicit Monitor(Scheduler& scheduler);

  void start();
  void stop();
  // After stop(): waits for the replacements, which were asked to leave.
  void join_replacements() { replacements_.join_all(); }

  // A worker has woken up.
  void worker_awake() {
    if (asleep_.load(std::memory_order_seq_cst) != 0) rouse();
  }

  // How long the worker's present poll has been seen to last; resolution one tick. Any thread.
  Nanos poll_lasts(unsigned worker) const;

  // For people, any thread. How long the present poll has lasted if it is a stall, else 0.
  Nanos stuck_for(unsigned worker) const;
  std::uint64_t stalls(unsigned worker) const;
  Nanos longest_stall_ns(unsigned worker) const;
  const Replacements& replacements() const { return replacements_; }

 private:
  struct Watch {
    std::uint64_t task = 0;   // in its hand at the last tick; 0: none
    std::uint64_t polls = 0;  // its counter then
    // When it was first seen with this task and count, moved on by the time in which nobody ran;
    // 0: no task.
    Atomic<Nanos> since{0};
    std::optional<Stall> stall;  // the present poll, once it was reported
    TaskType* stalled_type = nullptr;
    Atomic<bool> is_stall{false};  // `stall` for others
    Counter stalls{0};
    Counter longest_ns{0};
  };

  void run();
  void tick(Nanos now);
  Nanos not_counted(Nanos now);
  void watch_worker(Worker& worker, Watch& watch, Nanos now, Nanos missed);
  void begin_watch(Watch& watch, std::uint64_t task, std::uint64_t polls, Nanos now);
  std::optional<TaskInfo> held_task(Handle task) const noexcept;
  bool begin_stall(Worker& worker, Watch& watch, Nanos lasted);
  void end_stall(Watch& watch, Nanos now);
  void measure(Watch& watch, Nanos lasted);
  void tell(Stall& stall, StallEvent event, Nanos lasted) noexcept;
  bool is_held_up(unsigned worker) const;
  void replace(Watch& watch);
  void rescue_work();
  void rescue_reactor();
  void sleep_until_awake();
  bool all_asleep() const;
  bool reactor_is_manned();
  void rouse();

  Nanos now_ns() const { return clock_.now_ns(); }

  Scheduler& scheduler_;
  const Clock& clock_;
  const std::unique_ptr<Watch[]> watches_;  // by worker
  Replacements replacements_;
  bool start_failed_ = false;  // and it was told
  unsigned stalls_now_ = 0;    // of which the end is to be told
  Nanos ticked_at_ = 0;
  std::uint64_t turns_seen_ = 0;
  std::thread thread_;
  Atomic<std::uint32_t> asleep_{0};
  Atomic<std::uint32_t> stop_{0};
};

}  // namespace ekiden::runtime
