// A wait that runs coroutines of its own meanwhile, each as a branch of the same task: what race,
// timeout and their like are made of.
#pragma once

#include <ekiden/sdk/task.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

// One of the coroutines.
class PartBase : public Branch {
 public:
  virtual Routine& first() noexcept = 0;
  virtual void reset() noexcept = 0;

 protected:
  ~PartBase() = default;
};

template <class T>
class Part final : public PartBase {
 public:
  explicit Part(Task<T> task) : task_(std::move(task)) {
    if (task_.begun()) throw Error(EKD_E_WRONG_STATE, "the task is empty or was begun already");
  }
  Part(Part&& other) noexcept : task_(std::move(other.task_)) {}  // before it is started

  Routine& first() noexcept override { return task_.routine(); }
  void reset() noexcept override { task_.reset(); }
  // It has ended, and not been reset since.
  bool ended() const { return task_ && task_.outcome().ended() != Ended::kNot; }
  Outcome<T>& outcome() const { return task_.outcome(); }

 private:
  Task<T> task_;
};

class Scope : public Wait, public BranchOwner {
 public:
  bool poll() noexcept override { return false; }
  bool cancel() noexcept override {
    cancel_parts();
    return is_over();
  }

 protected:
  Scope() = default;
  Scope(Scope&& other) noexcept : Wait(std::move(other)) {}
  ~Scope() = default;

  // Runs it until it is suspended or has ended; within begin() or part_ended().
  void start(PartBase& part) noexcept { start(part, branch().locals()); }
  // With other values of TaskLocal than the waiter's.
  void start(PartBase& part, const LocalBinding* locals) noexcept {
    const bool outermost = !std::exchange(starting_, true);
    ++live_;
    part.prepare(core(), part.first(), *this);
    part.begin_within(branch(), locals);
    core().run(&part.first());
    if (outermost) starting_ = false;
  }
  void cancel(PartBase& part) noexcept {
    if (!part.live() || part.cancelling()) return;
    if (!part.Branch::cancel()) return;
    part.reset();
    --live_;
  }
  unsigned live() const { return live_; }

  // Asks the parts to end.
  virtual void cancel_parts() noexcept = 0;
  // A part has completed, or its cancel is over.
  virtual void part_ended(PartBase& part, bool cancelled) noexcept = 0;
  // The waiter goes on.
  virtual bool is_over() const noexcept { return live_ == 0; }

 private:
  Routine* branch_ended(Branch& branch) noexcept final {
    PartBase& part = static_cast<PartBase&>(branch);
    const bool cancelled = part.cancelling();
    if (cancelled) part.reset();
    --live_;
    part_ended(part, cancelled);
    // Within start() it is that one's caller who looks.
    return !starting_ && is_over() ? finish() : nullptr;
  }

  unsigned live_ = 0;  // parts that run or are being cancelled
  bool starting_ = false;
};

}  // namespace detail

EKIDEN_SDK_END
