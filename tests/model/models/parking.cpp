// Going to sleep and being woken: the parker alone, then workers with the idle set. Invariant 4.

#include "runtime/scheduler/parker.hpp"
#include "tests/model/models/subject.hpp"
#include "tests/model/models/workers.hpp"

namespace ekiden::model {

namespace {

using runtime::Atomic;

// The owner sleeps until it has been notified; a notification is kept when it comes too early.
// Notifiers write first, relaxed: who was notified sees it.
class ParkerAlone final : public Model {
 public:
  explicit ParkerAlone(unsigned notifiers) : notifiers_(notifiers) {}

  unsigned threads() const override { return 1 + notifiers_; }
  void run(unsigned thread) override {
    if (thread != 0) {
      work_.fetch_add(1, std::memory_order_relaxed);
      require(!parker_.unpark(), "it does not sit in the reactor");
      return;
    }
    unsigned seen = 0;
    while (seen < notifiers_) {
      if (parker_.prepare(runtime::Parker::Place::kOwnWord)) parker_.wait();
      const bool notified = parker_.finish();
      const unsigned now = work_.load(std::memory_order_relaxed);
      require(notified && now > seen, "who comes back was notified, and sees of what");
      seen = now;
    }
  }

 private:
  const unsigned notifiers_;
  runtime::Parker parker_;
  Atomic<unsigned> work_{0};
};

class WorkersModel : public Model {
 public:
  bool may_stay_blocked(unsigned thread) const override { return thread < workers_count_; }
  void at_end() override {
    require(!workers_.work_pending(), "a task is queued, and every worker sleeps");
    for (unsigned i = 0; i < jobs_count_; ++i)
      require(jobs_[i].runs.read() == 1, "every task ran once");
  }

 protected:
  WorkersModel(unsigned workers, unsigned jobs)
      : workers_count_(workers), jobs_count_(jobs), workers_(workers, /*with_reactor=*/false) {}

  const unsigned workers_count_;
  const unsigned jobs_count_;
  Workers workers_;
  std::array<Job, 2> jobs_;
};

// Somebody outside pushes to the global queue.
class PushFromOutside final : public WorkersModel {
 public:
  PushFromOutside(unsigned workers, unsigned jobs) : WorkersModel(workers, jobs) {}

  unsigned threads() const override { return workers_count_ + 1; }
  void run(unsigned thread) override {
    if (thread < workers_count_) return workers_.live(thread);
    for (unsigned i = 0; i < jobs_count_; ++i)
      workers_.push_global(jobs_[i]);
  }
};

// A worker pushes to its own ring: none is left there. `sticks`: after that it is stuck, and others
// have to come; so is each of those in the first job that it runs. Such a push may miss who goes to
// sleep just then (see IdleSet): two ticks of the monitor are the bound.
class PushToRing final : public WorkersModel {
 public:
  PushToRing(unsigned workers, unsigned jobs, bool sticks)
      : WorkersModel(workers, jobs), sticks_(sticks) {}

  unsigned threads() const override { return workers_count_ + (sticks_ ? 1 : 0); }
  void run(unsigned thread) override {
    if (thread == workers_count_) return workers_.monitor(2);
    if (thread != 0) return workers_.live(thread, sticks_);
    for (unsigned i = 0; i < jobs_count_; ++i)
      workers_.push_ring(0, jobs_[i]);
    if (!sticks_) workers_.live(0);
  }

 private:
  const bool sticks_;
};

// The last searcher that finds work looks for more, which somebody may have pushed in reliance on
// it, and wakes another: without any monitor.
class FindAndStick final : public WorkersModel {
 public:
  FindAndStick() : WorkersModel(2, 2) {}

  unsigned threads() const override { return workers_count_ + 1; }
  void run(unsigned thread) override {
    if (thread < workers_count_) return workers_.live(thread, /*sticks_in_job=*/true);
    for (unsigned i = 0; i < jobs_count_; ++i)
      workers_.push_global(jobs_[i]);
  }
};

}  // namespace

void add_parking(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(
      subject_of<ParkerAlone>("park.parker", "4: a notification is kept", options, 1u));
  subjects.push_back(
      subject_of<ParkerAlone>("park.two_notifiers", "4: nor lost among several", options, 2u));
  subjects.push_back(subject_of<PushFromOutside>(
      "idle.outside", "4: no task waits while a worker sleeps", options, 1u, 1u));
  options.preemptions = 3;
  options.stale_reads = 1;
  subjects.push_back(subject_of<PushToRing>("idle.ring", "3: a push to a ring, and a thief",
                                            options, 2u, 1u, false));
  subjects.push_back(subject_of<PushToRing>(
      "idle.stuck_pusher", "4: a push to a ring, within two ticks", options, 2u, 1u, true));
  options.preemptions = 2;
  options.random_runs = 20'000;
  subjects.push_back(
      subject_of<PushFromOutside>("idle.two_workers", "4: with two of them", options, 2u, 2u));
  subjects.push_back(
      subject_of<FindAndStick>("idle.stuck_finder", "4: who finds work wakes another", options));
  options.preemptions = 1;
  subjects.push_back(
      subject_of<PushToRing>("idle.two_thieves", "4: with two thieves", options, 3u, 2u, true));
}

}  // namespace ekiden::model
