// Who sits in the reactor: taking hold of it, being interrupted there, and letting go, with the
// real Reactor over the fake loop. Invariants 4, 6 and 9.

#include "tests/model/models/subject.hpp"
#include "tests/model/models/workers.hpp"

namespace ekiden::model {

namespace {

using runtime::Handle;
using runtime::HandleKind;

// Workers, and somebody outside who pushes a task, lets an event come, or both.
class Hold final : public Model {
 public:
  Hold(unsigned workers, bool task, bool event)
      : count_(workers), task_(task), event_(event), workers_(workers, /*with_reactor=*/true) {
    if (!event_) return;
    int os_error = 0;
    const auto added =
        workers_.reactor().adopt_stream(0, 5, runtime::ReadySet(), source_, os_error);
    require(added == runtime::Status::kOk, "the descriptor is adopted");
    runtime::Readiness seen;
    const auto waits = workers_.reactor().poll_ready(0, source_, runtime::Interest::kRead,
                                                     Handle(HandleKind::kTask, 0, 1), seen);
    require(waits == runtime::Status::kPending, "nothing has come yet");
  }

  unsigned threads() const override { return count_ + 1; }
  bool may_stay_blocked(unsigned thread) const override { return thread < count_; }
  void run(unsigned thread) override {
    if (thread < count_) return workers_.live(thread);
    if (event_) FakeKernel::of_this_run().send_bytes();
    if (task_) workers_.push_global(job_);
  }
  void at_end() override {
    require(!workers_.work_pending(), "a task is queued, and every worker sleeps");
    require(FakeKernel::of_this_run().somebody_waits(), "all sleep, and nobody in the reactor");
    require(workers_.sleepers() == count_, "all count as asleep");
    if (task_) require(job_.runs.read() == 1, "the task ran once");
    if (event_) require(workers_.woken_job().runs.read() == 1, "the event's task ran once");
  }

 private:
  const unsigned count_;
  const bool task_;
  const bool event_;
  Workers workers_;
  Handle source_;
  Job job_;
};

// The words that save an interrupt its system calls: a turn that blocks is interrupted by every
// interrupt that comes after the turn before has ended.
class Interrupt final : public Model {
 public:
  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      asked_.store(1, std::memory_order_relaxed);
      loop_.interrupt();
      return;
    }
    struct Nobody final : runtime::EventSink {
      void on_ready(std::uint64_t, runtime::ReadySet) noexcept override {}
    } nobody;
    const auto turn = loop_.turn(nobody, runtime::Wait::kBlock, 1);
    require(turn.interrupted, "nothing else ends the turn");
    require(asked_.load(std::memory_order_relaxed) == 1, "what was asked for before is seen");
  }

 private:
  FakeKernel kernel_;
  FakeLoop loop_;
  runtime::Atomic<int> asked_{0};
};

}  // namespace

void add_reactor_hold(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(
      subject_of<Interrupt>("reactor.interrupt", "4: no interrupt is slept through", options));
  options.preemptions = 3;
  options.stale_reads = 2;
  subjects.push_back(subject_of<Hold>("reactor.push", "4: a sleeper in the reactor is woken",
                                      options, 1u, true, false));
  subjects.push_back(
      subject_of<Hold>("reactor.event", "6: and hears of events", options, 1u, false, true));
  options.preemptions = 1;
  options.random_runs = 60'000;
  subjects.push_back(subject_of<Hold>("reactor.let_go", "4, 6: two workers, a task and an event",
                                      options, 2u, true, true));
}

}  // namespace ekiden::model
