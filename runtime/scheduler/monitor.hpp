// The thread that looks after the workers, every kMonitorTickNs while any of them is awake; it
// sleeps without limit when all are asleep.
//
// It is the backstop of three promises: no runnable task waits longer than two ticks while a worker
// sleeps; I/O and timers are served while every worker is busy; a poll that holds its worker too
// long is reported while it lasts. Nothing of it costs a poll anything: it looks at counters that
// are there anyway.
//
// Going to sleep. The monitor announces its sleep (seq_cst), then looks whether all workers are
// asleep (seq_cst). A worker that wakes up has left the idle set (seq_cst) and then looks for the
// announcement (seq_cst). One of them sees the other.
#pragma once

#include <thread>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"

namespace ekiden::runtime {

class Scheduler;
class Worker;

class Monitor {
 public:
  explicit Monitor(Scheduler& scheduler);

  void start();
  void stop();

  // A worker has woken up.
  void worker_awake() {
    if (asleep_.load(std::memory_order_seq_cst) != 0) rouse();
  }

  // How long the worker's present poll has been seen to last; resolution one tick. Any thread.
  Nanos poll_lasts(unsigned worker, Nanos now) const;

 private:
  struct Watch {
    std::uint64_t task = 0;   // in its hand at the last tick; 0: none
    std::uint64_t polls = 0;  // its counter then
    Atomic<Nanos> since{0};   // when it was first seen with this task and count; 0: no task
    bool reported = false;
  };

  void run();
  void tick(Nanos now);
  void watch_worker(Worker& worker, Watch& watch, Nanos now);
  void report_stall(Worker& worker, Handle task, Nanos lasted);
  void rescue_work();
  void rescue_reactor();
  void sleep_until_awake();
  bool reactor_is_manned();
  void rouse();

  Scheduler& scheduler_;
  std::vector<Watch> watches_;
  std::uint64_t turns_seen_ = 0;
  std::thread thread_;
  Atomic<std::uint32_t> asleep_{0};
  Atomic<std::uint32_t> stop_{0};
};

}  // namespace ekiden::runtime
