// Timers: firing against polling, cancelling, moving to another wheel, and closing; and the
// deadline that a sleeper must not miss. The real Timers, wheel, locks and slots.

#include "runtime/timer/timers.hpp"
#include "runtime/base/futex.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

using runtime::Handle;
using runtime::HandleKind;
using runtime::Nanos;
using runtime::Status;
using runtime::Timers;
using runtime::Waker;

constexpr runtime::OwnerId kOwner = 1;
constexpr Nanos kSoon = 4 * runtime::kTickNanos;
constexpr Nanos kLater = 9 * runtime::kTickNanos;
constexpr Nanos kAfterAll = 100 * runtime::kTickNanos;

class TimerModel : public Model {
 protected:
  TimerModel() { require(timers_.create(kOwner, nullptr, timer_) == Status::kOk, "created"); }

  void arm(Nanos deadline, unsigned wheel) {
    bool lowered = false;
    require(timers_.arm(kOwner, timer_, deadline, wheel, lowered) == Status::kOk, "armed");
  }
  Status poll(Nanos now = 0) { return timers_.poll(kOwner, timer_, waker(1), now); }
  static Waker waker(unsigned task) { return {HandleKind::kTask, task, 1}; }

  // Counts the wakes of tasks 1 and 2.
  struct Target final : runtime::WakeTarget {
    void wake(Waker waker) noexcept override {
      wakes[waker.index()].fetch_add(1, std::memory_order_acq_rel);
      runtime::futex_wake(wakes[waker.index()], 1);
    }
    void wait(unsigned task) {
      while (wakes[task].load(std::memory_order_acquire) == 0)
        runtime::futex_wait(wakes[task], 0);
    }
    unsigned count(unsigned task) const { return wakes[task].load(std::memory_order_relaxed); }
    runtime::Atomic<std::uint32_t> wakes[3];
  };

  Target target_;
  Timers timers_{target_, 2};
  Handle timer_;
};

// Two turn the wheel; whoever was told to wait is woken, once.
class Fire final : public TimerModel {
 public:
  Fire() { arm(kSoon, 0); }

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread != 0) {
      timers_.advance(0, kLater);
      return;
    }
    if (poll() == Status::kPending) {
      waited_ = true;
      target_.wait(1);
    }
    require(poll() == Status::kOk, "the deadline has come");
  }
  void at_end() override {
    require(target_.count(1) == (waited_ ? 1u : 0u), "who waits is woken once, nobody else");
  }

 private:
  bool waited_ = false;
};

// A cancel: afterwards nothing fires.
class Cancel final : public TimerModel {
 public:
  Cancel() {
    arm(kSoon, 0);
    require(poll() == Status::kPending, "not yet");
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      timers_.advance_due(kLater);
      return;
    }
    require(timers_.cancel(kOwner, timer_) == Status::kOk, "cancelled");
    require(poll(kAfterAll) == Status::kWrongState, "a cancelled timer never comes");
    arm(kAfterAll, 0);
    require(poll() == Status::kPending, "an earlier turn does not fire what is armed anew");
  }
  void at_end() override {
    require(target_.count(1) <= 1, "a timer fires once for each arming");
    require(timers_.next_deadline() <= kAfterAll, "the new deadline is in sight");
    timers_.advance_due(kAfterAll);
    require(poll() == Status::kOk, "and comes");
  }
};

// From one wheel to the other, while both are turned and somebody polls.
class Move final : public TimerModel {
 public:
  explicit Move(bool cancels) : cancels_(cancels) { arm(kLater, 0); }

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    switch (thread) {
      case 0:
        arm(kSoon, 1);
        return;
      case 1:
        timers_.advance(0, kSoon);
        timers_.advance(1, kSoon);
        return;
      default:
        if (cancels_) {
          require(timers_.cancel(kOwner, timer_) == Status::kOk, "cancelled");
        } else {
          waits_ = poll() == Status::kPending;
        }
    }
  }
  void at_end() override {
    // Cancelled before the move it is armed again, else it is not.
    const bool is_cancelled = poll(0) == Status::kWrongState;
    require(cancels_ || !is_cancelled, "nobody has cancelled it");
    timers_.advance_due(kAfterAll);
    const Status status = poll(0);
    if (cancels_) {
      require(is_cancelled == (status == Status::kWrongState), "a cancelled timer has fired");
    } else {
      require(status == Status::kOk, "a timer was lost between the wheels");
      require(target_.count(1) == (waits_ ? 1u : 0u), "who waits is woken once, nobody else");
    }
    require(timers_.settle() == runtime::kNever, "no wheel holds it any more");
  }

 private:
  const bool cancels_;
  bool waits_ = false;
};

// Two threads move it about: it ends up where the last one wanted it.
class TwoMovers final : public TimerModel {
 public:
  TwoMovers() { arm(kLater, 0); }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    arm(thread == 0 ? kSoon : kLater, 1);
    arm(thread == 0 ? kLater : kSoon, 0);
  }
  void at_end() override {
    require(poll() == Status::kPending, "it is armed");
    require(timers_.next_deadline() <= kLater, "and in a wheel");
    timers_.advance_due(kAfterAll);
    require(poll() == Status::kOk, "a timer was lost between the wheels");
    require(timers_.settle() == runtime::kNever, "and is in no other");
  }
};

// Closed, and its slot used again, while somebody still has the old handle. `at_once`: in one call,
// and in another wheel than before.
class CloseAndReuse final : public TimerModel {
 public:
  explicit CloseAndReuse(bool at_once) : at_once_(at_once) { arm(kLater, 0); }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    bool lowered = false;
    if (thread == 1) {
      const Status armed = timers_.arm(kOwner, timer_, kSoon, 1, lowered);
      require(armed == Status::kOk || armed == Status::kStale, "good or old");
      const Status polled = timers_.poll(kOwner, timer_, waker(2), 0);
      require(polled == Status::kPending || polled == Status::kStale, "good or old");
      return;
    }
    require(timers_.close(kOwner, timer_, nullptr) == Status::kOk, "closed");
    if (at_once_) {
      const Status started =
          timers_.start(kOwner, nullptr, {kLater, waker(1), 1, 0}, next_, lowered);
      require(started == Status::kPending, "not yet");
      return require(next_.index() == timer_.index(), "in the same slot");
    }
    require(timers_.create(kOwner, nullptr, next_) == Status::kOk, "created");
    require(next_.index() == timer_.index(), "in the same slot");
    require(timers_.arm(kOwner, next_, kLater, 0, lowered) == Status::kOk, "armed");
    require(timers_.poll(kOwner, next_, waker(1), 0) == Status::kPending, "not yet");
  }
  void at_end() override {
    timers_.advance_due(kSoon);
    require(target_.count(1) == 0, "an old handle has set the next timer's deadline");
    timers_.advance_due(kAfterAll);
    require(target_.count(1) == 1, "the next timer comes");
    require(target_.count(2) == 0, "an old handle has left its waker in the next timer");
  }

 private:
  const bool at_once_;
  Handle next_;
};

// Worker::arm_deadline against Scheduler::deadline_lowered: announce, then look.
class Sleep final : public TimerModel {
 public:
  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      sleeps_.store(true, std::memory_order_seq_cst);
      sleeps_until_ = timers_.settle();
      return;
    }
    bool lowered = false;
    static_cast<void>(timers_.arm(kOwner, timer_, kSoon, 0, lowered));
    require(lowered, "it is the only timer");
    tells_ = sleeps_.load(std::memory_order_seq_cst);
  }
  void at_end() override {
    require(tells_ || sleeps_until_ <= kSoon, "a sleeper sleeps through a timer");
  }

 private:
  runtime::Atomic<bool> sleeps_{false};
  Nanos sleeps_until_ = 0;
  bool tells_ = false;
};

}  // namespace

void add_timers(Subjects& subjects) {
  Options options;
  options.preemptions = 3;
  options.stale_reads = 2;
  subjects.push_back(
      subject_of<Sleep>("timer.sleep", "9, 4: no deadline is slept through", options));
  options.stale_reads = 1;
  subjects.push_back(
      subject_of<Cancel>("timer.cancel", "1: a cancelled timer never comes", options));
  subjects.push_back(
      subject_of<CloseAndReuse>("timer.reuse", "1, 7: an old handle does nothing", options, false));
  subjects.push_back(subject_of<CloseAndReuse>(
      "timer.start", "1, 7: nor to one that is started at once", options, true));
  options.preemptions = 2;
  subjects.push_back(subject_of<Fire>("timer.fire", "1: who waits is woken, once", options));
  subjects.push_back(subject_of<Move>("timer.move", "1: nor lost between wheels", options, false));
  subjects.push_back(
      subject_of<Move>("timer.move_cancel", "1: cancelled on the way", options, true));
  subjects.push_back(subject_of<TwoMovers>("timer.two_movers", "1: moved by two", options));
}

}  // namespace ekiden::model
