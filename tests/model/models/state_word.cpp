// The state word of a task: wakes against polls, the end against those who hold, cancel and wake,
// and the slot's next life. Whoever gets the task into its hand runs it right there, which stands
// for any way through the queues: they only hand on (queue models).

#include "runtime/task/state.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

using runtime::Atomic;
using runtime::Snapshot;
using runtime::StateWord;
using Submit = StateWord::Submit;

constexpr auto kRelaxed = std::memory_order_relaxed;

// A task in the first life of its slot, queued; polls see what wakers wrote.
class Task {
 public:
  explicit Task(bool join) {
    require(word.reserve(), "a fresh slot has generations left");
    require(word.claim_reserved(1), "nobody else claims it");
    word.make_runnable(join);
  }

  StateWord word;
  Plain<int> polls;  // written by every poll: two at once, or two in no order, are a race
  Plain<int> drops;

  Snapshot enter_poll() {
    const Snapshot state = word.start_poll();
    polls.write(polls.read() + 1);
    return state;
  }
  void drop() {
    require(polls.read() >= 0, "never during a poll");
    drops.write(drops.read() + 1);
  }
};

// --- Invariant 1 ---------------------------------------------------------------------------------

// Thread 0 has the queued task; the others write a word each, relaxed, and wake. One more poll has
// to see it. `yields`: the first poll ends with "yield".
class WakeAndPoll final : public Model {
 public:
  WakeAndPoll(unsigned wakers, bool yields) : wakers_(wakers), yields_(yields) {}

  unsigned threads() const override { return 1 + wakers_; }
  void run(unsigned thread) override {
    if (thread == 0) return run_task();
    written_[thread - 1].store(1, kRelaxed);
    if (task_.word.wake(1) == Submit::kSubmit) run_task();
  }
  void at_end() override {
    for (unsigned i = 0; i < wakers_; ++i)
      require(seen_[i].read() == 1, "a wake was lost: no poll saw what the waker wrote");
    require(task_.word.load().is_idle(), "the task waits");
  }

 private:
  void run_task() {
    for (;;) {
      static_cast<void>(task_.enter_poll());
      for (unsigned i = 0; i < wakers_; ++i) {
        if (written_[i].load(kRelaxed) == 1) seen_[i].write(1);
      }
      // After "yield" it goes back into a queue as it is.
      if (yields_ && task_.polls.read() == 1) continue;
      if (task_.word.end_pending() != Submit::kSubmit) return;
    }
  }

  const unsigned wakers_;
  const bool yields_;
  Task task_{/*join=*/false};
  Atomic<int> written_[2];
  Plain<int> seen_[2];
};

// --- Invariant 2 ---------------------------------------------------------------------------------

// The task ends in the poll that finds it cancelled, while somebody wakes, cancels, and ends the
// hold. `held`: there is a holder.
class EndOfTask final : public Model {
 public:
  explicit EndOfTask(bool held) : held_(held), task_(held) {}

  unsigned threads() const override { return held_ ? 3 : 2; }
  void run(unsigned thread) override {
    switch (thread) {
      case 0:
        return run_task(thread);
      case 1:
        if (task_.word.cancel(1) == Submit::kSubmit) run_task(thread);
        return;
      default:
        use(thread);  // the result, say
        if (task_.word.close_join(1) == StateWord::CloseJoin::kDispose) dispose(thread);
    }
  }
  void at_end() override {
    require(task_.drops.read() == 1, "drop runs exactly once");
    require(task_.word.load().refs() == 0, "nobody holds the slot");
    require(freed_.read() == 1, "the slot is given back once");
  }

 private:
  void run_task(unsigned thread) {
    for (;;) {
      if (task_.enter_poll().is_cancelled()) return finish(thread);
      if (task_.word.end_pending() != Submit::kSubmit) return;
    }
  }
  // As Worker::finish().
  void finish(unsigned thread) {
    if (task_.word.is_unheld()) {
      task_.drop();
      use(thread);
      task_.word.free_unheld();
      return give_back();
    }
    if (!task_.word.complete().has_join()) return dispose(thread);
    unref(thread);
  }
  void dispose(unsigned thread) {
    task_.drop();
    unref(thread);
  }
  // Each uses the slot up to here; the next user of the slot comes after all of them.
  void use(unsigned thread) { used_[thread].write(1); }
  void unref(unsigned thread) {
    use(thread);
    if (task_.word.unref()) give_back();
  }
  void give_back() {
    freed_.write(freed_.read() + 1);
    for (Plain<int>& used : used_)
      used.write(0);
  }

  const bool held_;
  Task task_;
  Plain<int> freed_;
  Plain<int> used_[3];
};

// An old waker against the slot's next life. `freed_at_once`: the first one ends unheld.
class OldWaker final : public Model {
 public:
  explicit OldWaker(bool freed_at_once) : freed_at_once_(freed_at_once) {}

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      if (task_.word.wake(1) == Submit::kSubmit) require(false, "the first life never idles");
      return;
    }
    static_cast<void>(task_.enter_poll());
    if (freed_at_once_) {
      task_.drop();
      task_.word.free_unheld();
    } else {
      static_cast<void>(task_.word.complete());
      task_.drop();
      require(task_.word.unref(), "the last reference");
    }
    require(task_.word.reserve(StateWord::Claim::kTaken), "the next life");
    task_.word.make_runnable(/*join=*/false);
    static_cast<void>(task_.enter_poll());
    require(task_.word.end_pending() == Submit::kNothing,
            "an old waker has woken the slot's next task");
  }
  void at_end() override {
    require(task_.word.load().is_idle(), "the next task waits");
    require(!task_.word.load().is_notified(), "and nobody has woken it");
  }

 private:
  const bool freed_at_once_;
  Task task_{/*join=*/false};
};

// A reservation that two callers want to commit or discard, and that is woken meanwhile.
class Reservation final : public Model {
 public:
  Reservation() { require(word_.reserve(), "a fresh slot has generations left"); }

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread == 2) {
      if (word_.wake(1) == Submit::kSubmit) submitted_.write(submitted_.read() + 1);
      return;
    }
    if (!word_.claim_reserved(1)) return;
    state_.write(1);
    if (thread == 0) {
      word_.make_runnable(/*join=*/false);
      submitted_.write(submitted_.read() + 1);
    } else {
      static_cast<void>(word_.complete());
      freed_.write(word_.unref() ? 1 : 0);
    }
  }
  void at_end() override {
    require(submitted_.read() + freed_.read() == 1, "one of the two won, and nobody else queued");
  }

 private:
  StateWord word_;
  Plain<int> state_;
  Plain<int> submitted_;
  Plain<int> freed_;
};

// A spawn from outside, and an unload that closes the admission and then cancels what it finds:
// Scheduler::queue_new against cancel_tasks.
class Admission final : public Model {
 public:
  Admission() { require(word_.reserve(StateWord::Claim::kTaken), "a fresh slot"); }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      word_.make_runnable(/*join=*/false, std::memory_order_seq_cst);
      if (!admits_.load(std::memory_order_seq_cst)) static_cast<void>(word_.cancel(1));
      return;
    }
    admits_.store(false, std::memory_order_seq_cst);
    if (!word_.load_after_store().is_reserved()) static_cast<void>(word_.cancel(1));
  }
  void at_end() override {
    require(word_.load().is_cancelled(), "a task was admitted, and nobody has cancelled it");
  }

 private:
  StateWord word_;
  Atomic<bool> admits_{true};
};

// The end and who waits for it: Scheduler::join_poll against Worker::finish, as they use the word.
class Join final : public Model {
 public:
  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      static_cast<void>(task_.enter_poll());
      static_cast<void>(task_.word.complete());
      woken_ = joiner_.exchange(0, std::memory_order_seq_cst) != 0;
      return;
    }
    joiner_.store(1, std::memory_order_seq_cst);
    ended_ = task_.word.load_after_store().is_complete();
    if (ended_) require(task_.polls.read() == 1, "who sees the end sees the result");
  }
  void at_end() override { require(ended_ || woken_, "the joiner was told to wait and not woken"); }

 private:
  Task task_{/*join=*/true};
  Atomic<std::uint64_t> joiner_{0};
  bool woken_ = false;
  bool ended_ = false;
};

}  // namespace

void add_state_word(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(
      subject_of<WakeAndPoll>("state.wake", "1: a wake is never lost", options, 1u, false));
  subjects.push_back(
      subject_of<WakeAndPoll>("state.wake_yield", "1: nor while a poll yields", options, 1u, true));
  subjects.push_back(subject_of<Join>("state.join", "1: the end is not missed", options));
  subjects.push_back(
      subject_of<Admission>("state.admission", "7: a late spawn is cancelled", options));
  subjects.push_back(
      subject_of<OldWaker>("state.old_waker", "1, 2: an old waker does nothing", options, false));
  subjects.push_back(
      subject_of<OldWaker>("state.freed_at_once", "1, 2: nor where nobody held it", options, true));
  options.stale_reads = 1;
  subjects.push_back(
      subject_of<WakeAndPoll>("state.two_wakes", "1, 2: one poll at a time", options, 2u, false));
  subjects.push_back(
      subject_of<EndOfTask>("state.end", "2: dropped once, never during a poll", options, false));
  subjects.push_back(
      subject_of<EndOfTask>("state.end_held", "2: by whoever ends the last claim", options, true));
  subjects.push_back(
      subject_of<Reservation>("state.reservation", "3: committed or discarded by one", options));
}

}  // namespace ekiden::model
