// What a task of the SDK is made of: branches, and what they wait for.
//
// A *branch* is a stack of coroutines that await one another; only the innermost can go on, and it
// is either running or suspended on one Wait. A task has a main branch; race, timeout, with_group
// and their like add branches of their own within it, which take turns on the task's thread.
//
//   host ── poll ──> TaskCore ── asks each Wait in its list ──> resumes those that are there
//                       │
//                    main Branch ─ coroutine ─ coroutine ─ Wait (a leaf: timer, lock, …)
//                                                      └── Wait (a scope: race, …) ─ Branches
//
// The host knows one waker a task, so a wake asks every Wait of the task again; all but a few tasks
// have one. Coroutines are resumed by a loop (TaskCore::run), never by one another: gcc 12 makes no
// tail call of a symmetric transfer without optimisation, and a long chain would overflow.
//
// Cancelling a branch ends its Wait and destroys its coroutines, innermost first. Where the Wait is
// a scope whose branches have something to finish (children that run elsewhere, a clean-up) that
// takes turns: the branch goes when the scope has ended.
//
// Everything here belongs to the thread that polls the task.
#pragma once

#include <ekiden/sdk/host.hpp>

#include <coroutine>
#include <cstdint>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

class Branch;
class TaskCore;
class Wait;

// One coroutine, whatever it returns. In its promise.
struct Routine {
  Branch* branch = nullptr;
  Routine* parent = nullptr;  // who awaits it; null: the branch's first
  std::coroutine_handle<> handle;
  // For people: what it is, and where it waits.
  const char* function = nullptr;
  const char* file = nullptr;
  std::uint32_t line = 0;
};

// A value that is bound to a key (TaskLocal) for a branch, and what was bound before.
struct LocalBinding {
  const void* key;
  void* value;
  const LocalBinding* before;
};

// Told of the end of a branch.
class BranchOwner {
 public:
  // It has completed, or a cancel that had to wait is over. Returns the coroutine that goes on now,
  // or null.
  virtual Routine* branch_ended(Branch& branch) noexcept = 0;

 protected:
  ~BranchOwner() = default;
};

class Branch {
 public:
  Branch() = default;
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;

  // Before the first run. `first` stays the caller's; the branch destroys nothing.
  void prepare(TaskCore& core, Routine& first, BranchOwner& owner) {
    core_ = &core;
    owner_ = &owner;
    first.branch = this;
    innermost_ = &first;
  }
  // Of a branch within another's wait. `locals` live as long as this one.
  void begin_within(const Branch& outer, const LocalBinding* locals) {
    outer_ = outer.innermost_;
    locals_ = locals;
  }

  TaskCore& core() const { return *core_; }
  BranchOwner& owner() const { return *owner_; }
  bool live() const { return innermost_ != nullptr; }
  bool cancelling() const { return cancelling_; }
  // For dumps: the coroutine that is suspended or runs; its parents follow.
  const Routine* innermost() const { return innermost_; }
  Wait* waits_on() const { return wait_; }
  // The coroutine that waits for this branch; null: nobody, it is a task's main one.
  const Routine* outer() const { return outer_; }
  const LocalBinding* locals() const { return locals_; }

  // It does not run. True: nothing goes on in it any more, so its coroutines can be destroyed.
  // False: later; then the owner hears of it.
  [[nodiscard]] bool cancel() noexcept;
  // The wait whose cancel() answered false has ended. Returns who goes on.
  Routine* cancel_finished() noexcept {
    innermost_ = nullptr;
    wait_ = nullptr;
    return owner_->branch_ended(*this);
  }

 private:
  friend class Wait;
  friend class TaskCore;
  friend struct Steps;

  TaskCore* core_ = nullptr;
  BranchOwner* owner_ = nullptr;
  Routine* innermost_ = nullptr;  // null: ended
  Wait* wait_ = nullptr;          // what it is suspended on
  const Routine* outer_ = nullptr;
  const LocalBinding* locals_ = nullptr;
  bool cancelling_ = false;
};

// Something to wait for; lives in the frame of the coroutine that waits. Until begin() it may be
// moved, so that it can be handed to timeout() and the like; afterwards it must not be.
class Wait {
 public:
  // The first try, when co_await is reached. True: it is there, and nobody is suspended.
  virtual bool begin() noexcept { return poll(); }
  // Asks again. True: the coroutine goes on. Asked at each wake of the task, whatever that was for.
  virtual bool poll() noexcept = 0;
  // The branch is cancelled. True: nothing goes on any more (the destructor tidies up). False: not
  // yet; when that is so, poll() says true or somebody calls finish().
  virtual bool cancel() noexcept { return true; }

  // What co_await does with it; TaskCore links it into its list.
  void attach(Routine& waiter) noexcept { waiter_ = &waiter; }
  bool begun() const noexcept { return waiter_ != nullptr; }

 protected:
  Wait() = default;
  Wait(Wait&&) noexcept {}  // before begin(): there is nothing to move
  Wait& operator=(Wait&&) = delete;
  ~Wait() { unlink(); }

  Branch& branch() const { return *waiter_->branch; }
  TaskCore& core() const { return waiter_->branch->core(); }
  inline ekd_waker waker() const;
  // For waits that may find something at once again and again, in begin(): one of the poll's
  // budget. False: it is spent; poll() asks in the next turn, which comes after the others.
  inline bool spend() noexcept;
  // It is over. Returns who goes on, for branch_ended() to return: the waiter, or who is behind it
  // where its branch is being cancelled. May destroy this object.
  Routine* finish() noexcept {
    unlink();
    Branch& of = branch();
    of.wait_ = nullptr;
    return of.cancelling() ? of.cancel_finished() : waiter_;
  }

 private:
  friend class TaskCore;
  inline void unlink() noexcept;

  Wait* previous_ = nullptr;
  Wait* next_ = nullptr;
  Routine* waiter_ = nullptr;
  bool linked_ = false;
};

// To be done when the poll that asked for it is over (Turn::afterwards).
class AfterPoll {
 public:
  // On the poll's thread. May destroy this object.
  virtual void poll_ended() noexcept = 0;

  AfterPoll* next = nullptr;  // the poll's, while it is in its list

 protected:
  ~AfterPoll() = default;
};

// One poll of a task.
struct Turn {
  ekd_cx* cx;
  std::uint32_t budget;       // things found ready before it yields
  Routine* next = nullptr;    // goes on when the coroutine that runs is suspended
  Branch* ended = nullptr;    // its first coroutine has just ended
  Branch* running = nullptr;  // whose coroutine runs, if any
  Wait* cursor = nullptr;     // the next to be asked
  Wait* first_new = nullptr;  // begun in this turn: not asked again
  AfterPoll* afterwards = nullptr;
  bool yields = false;
};

// Who is polled on this thread; null outside polls of the SDK's tasks.
inline thread_local constinit TaskCore* current_core = nullptr;

class TaskCore : public BranchOwner {
 public:
  TaskCore() = default;
  TaskCore(const TaskCore&) = delete;
  TaskCore& operator=(const TaskCore&) = delete;

  static TaskCore* current() noexcept { return current_core; }

  Turn& turn() const { return *turn_; }
  Branch& main() { return main_; }
  void request_yield() { turn_->yields = true; }
  // One thing that is ready at once costs one. False: the poll has had its share.
  bool spend() {
    if (turn_->budget == 0) return false;
    --turn_->budget;
    return true;
  }

  // Groups and forks whose children are children of the host's task.
  unsigned open_families = 0;

  // Runs a coroutine and whatever it starts or ends, until the branch is suspended or over.
  void run(Routine* routine) noexcept {
    Turn& turn = *turn_;
    Branch* const outer = turn.running;
    while (routine != nullptr) {
      turn.next = nullptr;
      turn.running = routine->branch;
      routine->handle.resume();
      routine = std::exchange(turn.next, nullptr);
      if (routine == nullptr && turn.ended != nullptr) {
        Branch& branch = *std::exchange(turn.ended, nullptr);
        turn.running = nullptr;  // it may be gone soon
        routine = branch.owner().branch_ended(branch);
      }
    }
    turn.running = outer;
  }

  // The coroutine has been suspended on it.
  void link(Wait& wait) noexcept {
    wait.branch().wait_ = &wait;
    wait.linked_ = true;
    wait.previous_ = last_;
    wait.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &wait;
    last_ = &wait;
    if (turn_->first_new == nullptr) turn_->first_new = &wait;
  }

 protected:
  // The body of a poll, within a Turn.
  void ask_waits() noexcept {
    Turn& turn = *turn_;
    for (Wait* wait = first_; wait != nullptr && wait != turn.first_new; wait = turn.cursor) {
      turn.cursor = wait->next_;
      if (wait->poll()) run(wait->finish());
    }
    turn.cursor = nullptr;
  }

  // For the time of a poll: whose turn it is. Polls of other tasks cannot nest in it, drops can.
  class InTurn {
   public:
    InTurn(TaskCore& core, Turn& turn) : core_(core), former_(current_core) {
      core_.turn_ = &turn;
      current_core = &core;
    }
    ~InTurn() {
      for (AfterPoll* after = core_.turn_->afterwards; after != nullptr;)
        std::exchange(after, after->next)->poll_ended();
      core_.turn_ = nullptr;
      current_core = former_;
    }
    InTurn(const InTurn&) = delete;
    InTurn& operator=(const InTurn&) = delete;

   private:
    TaskCore& core_;
    TaskCore* const former_;
  };

  ~TaskCore() = default;

 private:
  friend class Wait;

  void unlink(Wait& wait) noexcept {
    if (turn_ != nullptr) {
      if (turn_->cursor == &wait) turn_->cursor = wait.next_;
      if (turn_->first_new == &wait) turn_->first_new = wait.next_;
    }
    (wait.previous_ != nullptr ? wait.previous_->next_ : first_) = wait.next_;
    (wait.next_ != nullptr ? wait.next_->previous_ : last_) = wait.previous_;
    wait.linked_ = false;
  }

  Turn* turn_ = nullptr;
  Wait* first_ = nullptr;
  Wait* last_ = nullptr;
  Branch main_;
};

inline ekd_waker Wait::waker() const { return core().turn().cx->waker; }

inline bool Wait::spend() noexcept {
  if (core().spend()) return true;
  core().request_yield();
  return false;
}

inline void Wait::unlink() noexcept {
  if (linked_) core().unlink(*this);
}

inline bool Branch::cancel() noexcept {
  if (!live()) return true;
  if (cancelling_) return false;
  cancelling_ = true;
  if (wait_ != nullptr && !wait_->cancel()) return false;
  innermost_ = nullptr;
  return true;
}

}  // namespace detail

EKIDEN_SDK_END
