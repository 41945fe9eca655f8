// Workers of a model: the loop of Worker::run(), next_task(), search() and sleep() with the real
// rings, global queue, idle set, parkers and, where there is one, reactor, and without clock,
// counters, LIFO slot and monitor. What is transcribed is the order of the steps; a change of it in
// runtime/scheduler/worker.cpp or worker_idle.cpp belongs here, too.
#pragma once

#include <array>
#include <memory>

#include "runtime/queue/global_queue.hpp"
#include "runtime/queue/local_queue.hpp"
#include "runtime/reactor/reactor.hpp"
#include "runtime/scheduler/idle_set.hpp"
#include "runtime/scheduler/parker.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/fake_loop.hpp"

namespace ekiden::model {

struct Job {
  Job* queue_next = nullptr;
  Plain<int> runs;
};

class Workers : private runtime::WakeTarget {
 public:
  static constexpr unsigned kMost = 3;

  Workers(unsigned count, bool with_reactor);

  // --- Any thread --------------------------------------------------------------------------------

  void push_global(Job& job);
  void notify_one();
  // Ticks of the monitor, each when nobody else can go on: Monitor::rescue_work().
  void monitor(unsigned ticks);

  // --- Worker's own thread -----------------------------------------------------------------------

  void push_ring(unsigned worker, Job& job);
  // Until nobody wakes it any more, or it is stuck in a job.
  void live(unsigned worker, bool sticks_in_job = false);

  // --- At the end, when all are blocked ----------------------------------------------------------

  bool work_pending() const;
  unsigned sleepers() const { return idle_.sleepers(); }

  runtime::Reactor& reactor() { return *reactor_; }
  // What a wake of the reactor makes runnable.
  Job& woken_job() { return woken_job_; }

 private:
  struct Worker {
    runtime::LocalQueue<Job> ring{4};
    runtime::Parker parker;
    bool searching = false;
    unsigned cursor = 0;
  };

  Job* next(unsigned id);
  Job* take_global(unsigned id);
  Job* search(unsigned id);
  void sleep(unsigned id);
  void sleep_in_reactor(unsigned id);
  bool come_back(unsigned id);
  void wait_for_notification(Worker& worker);
  void unpark(unsigned id);
  void wake(runtime::Waker) noexcept override;

  const unsigned count_;
  FakeKernel kernel_;
  std::array<Worker, kMost> workers_;
  runtime::GlobalQueue<Job> global_{1, 100};
  runtime::IdleSet idle_;
  std::unique_ptr<runtime::Reactor> reactor_;
  unsigned holder_ = 0;  // who turns the reactor
  Job woken_job_;
};

}  // namespace ekiden::model
