// Readiness of a descriptor: who reads, who delivers the event, who closes. The real Reactor,
// source table and readiness word over the fake loop. Invariants 1 and 7.

#include "runtime/base/futex.hpp"
#include "runtime/reactor/reactor.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/fake_loop.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

using runtime::Attempt;
using runtime::Handle;
using runtime::HandleKind;
using runtime::Interest;
using runtime::Status;

constexpr runtime::OwnerId kOwner = 1;

// A task that reads, a thread that turns the loop, a peer that sends. What a wake does to a task is
// the state word's model; here it counts, and the task sleeps until it has been woken once more.
class ReadModel : public Model {
 public:
  bool may_stay_blocked(unsigned thread) const override { return thread == kTurner; }

 protected:
  static constexpr unsigned kTurner = 1;

  // `facts`: what the word holds at first. `followed`: since an earlier wait.
  ReadModel(runtime::ReadySet facts, bool followed) {
    int os_error = 0;
    require(reactor_.adopt_stream(kOwner, 5, facts, source_, os_error) == Status::kOk, "adopted");
    if (followed) kernel_.follow_bytes();
  }

  // Until there are bytes, or the source is closed.
  Status read() {
    for (;;) {
      const std::uint32_t wakes = target_.wakes.load(std::memory_order_acquire);
      const Status status = reactor_.attempt(
          kOwner, source_, Interest::kRead, Handle(HandleKind::kTask, 0, 1),
          [this](int, runtime::SourceKind) {
            require(!kernel_.is_closed(), "no call is made on a closed descriptor");
            return kernel_.receive_bytes() ? Attempt::kDone : Attempt::kWouldBlock;
          });
      if (status != Status::kPending) return status;
      while (target_.wakes.load(std::memory_order_acquire) == wakes)
        runtime::futex_wait(target_.wakes, wakes);
    }
  }
  [[noreturn]] void turn_for_ever() {
    require(reactor_.try_hold(), "nobody else does");
    for (;;)
      reactor_.turn(runtime::Wait::kBlock, 4);
  }

  struct Target final : runtime::WakeTarget {
    void wake(runtime::Waker) noexcept override {
      wakes.fetch_add(1, std::memory_order_acq_rel);
      runtime::futex_wake(wakes, 1);
    }
    runtime::Atomic<std::uint32_t> wakes{0};
  };

  FakeKernel kernel_;
  Target target_;
  runtime::Reactor reactor_{target_};
  Handle source_;
};

class Read final : public ReadModel {
 public:
  Read(bool thinks_ready, bool followed)
      : ReadModel(thinks_ready ? runtime::kReadable : runtime::ReadySet(), followed) {}

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread == 0) require(read() == Status::kOk, "the bytes are read");
    if (thread == kTurner) turn_for_ever();
    if (thread == 2) kernel_.send_bytes();
  }
};

class Close final : public ReadModel {
 public:
  explicit Close(bool bytes) : ReadModel(runtime::ReadySet(), /*followed=*/true), bytes_(bytes) {}

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread == 0) {
      const Status status = read();
      require(status == Status::kStale || (bytes_ && status == Status::kOk), "it hears of the end");
    }
    if (thread == kTurner) turn_for_ever();
    if (thread == 2) {
      if (bytes_) kernel_.send_bytes();
      require(reactor_.close(kOwner, source_) == Status::kOk, "closed");
    }
  }
  void at_end() override {
    require(kernel_.is_closed(), "the last user has closed the descriptor");
    require(reactor_.close(kOwner, source_) == Status::kStale, "the handle is old");
  }

 private:
  const bool bytes_;
};

// The words alone: an event for the source before, and users of the source before.
class Reuse final : public Model {
 public:
  Reuse() {
    word_.open(1, runtime::ReadySet());
    descriptor_.write(5);
    life_.open(1);
  }

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    switch (thread) {
      case 0:
        static_cast<void>(word_.set(1, runtime::kReadable));
        if (!life_.try_pin(1)) return;
        require(descriptor_.read() == 5, "a pinned source keeps its descriptor");
        return leave();
      case 1:
        if (life_.try_pin(1)) {
          require(descriptor_.read() == 5, "a pinned source keeps its descriptor");
          leave();
        }
        return;
      default:
        require(life_.try_pin(1), "nobody else closes it");
        require(life_.begin_close(), "nobody else closes it");
        leave();
    }
  }
  void at_end() override {
    require(lives_.read() == 2, "the slot lives again");
    require(word_.load().facts().empty(), "an old event has reached the next source");
    require(life_.try_pin(2), "its handle is good");
    require(descriptor_.read() == 6, "and it has its own descriptor");
  }

 private:
  void leave() {
    if (life_.unpin() != runtime::SourceLife::Unpin::kLast) return;
    descriptor_.write(-1);
    require(life_.retire(), "it has generations left");
    // The next source in this slot; the real one comes over the free list.
    lives_.write(life_.next_generation());
    word_.open(2, runtime::ReadySet());
    descriptor_.write(6);
    life_.open(2);
  }

  runtime::ReadinessWord word_;
  runtime::SourceLife life_;
  Plain<int> descriptor_;
  Plain<unsigned> lives_;
};

// The words of a source alone: a waiter against an event, and against the mark of closing.
class Words final : public Model {
 public:
  explicit Words(bool closes) : closes_(closes) {
    word_.open(1, runtime::ReadySet());
    life_.open(1);
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      waiter_.store(Handle(HandleKind::kTask, 0, 1));
      sees_ = closes_ ? life_.is_closing() : word_.load().is_ready_for(Interest::kRead);
      return;
    }
    if (closes_) {
      require(life_.begin_close(), "nobody else closes it");
    } else {
      require(word_.set(1, runtime::kReadable), "it is of this generation");
    }
    taken_ = !waiter_.take().is_null();
  }
  void at_end() override { require(sees_ || taken_, "it waits, and nobody has taken its waker"); }

 private:
  const bool closes_;
  runtime::ReadinessWord word_;
  runtime::SourceLife life_;
  runtime::WaiterWord waiter_;
  bool sees_ = false;
  bool taken_ = false;
};

// A call that would have blocked, and an event that came after it.
class StaleClear final : public Model {
 public:
  StaleClear() { word_.open(1, runtime::kReadable); }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) return require(word_.set(1, runtime::kReadable), "it is of this generation");
    const runtime::Readiness seen = word_.load();
    if (seen.tick() == 0) static_cast<void>(word_.clear(seen, runtime::kReadable));
  }
  void at_end() override {
    require(word_.load().is_ready_for(Interest::kRead), "a stale clear has lost the event");
  }

 private:
  runtime::ReadinessWord word_;
};

}  // namespace

void add_readiness(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(
      subject_of<Words>("readiness.event", "1: the waiter or the event is seen", options, false));
  subjects.push_back(
      subject_of<Words>("readiness.closing", "1: the waiter or the end is seen", options, true));
  subjects.push_back(
      subject_of<StaleClear>("readiness.clear", "1: a stale clear loses nothing", options));
  options.preemptions = 2;
  options.stale_reads = 1;
  subjects.push_back(
      subject_of<Read>("readiness.wait", "1: no event is lost", options, false, false));
  subjects.push_back(
      subject_of<Read>("readiness.tick", "1: a stale clear loses none", options, true, true));
  subjects.push_back(
      subject_of<Close>("readiness.close", "1, 7: no closing is missed", options, false));
  options.preemptions = 3;
  subjects.push_back(
      subject_of<Reuse>("readiness.reuse", "7: events and users of the source before", options));
}

}  // namespace ekiden::model
