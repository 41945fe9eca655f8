// Waiting for other tasks: a held one's result, children, and a thread's favour.

#include <atomic>
#include <utility>

#include "tests/stress/actor.hpp"

namespace ekiden::runtime::stress {

namespace {

ActorPlan smaller(Actor& actor) {
  return {actor.random().below(5), actor.depth() == 0 ? 0 : actor.depth() - 1, nullptr};
}

class ResultWait final : public Wait {
 public:
  ResultWait(Actor& actor, Handle task)
      : runtime_(actor.runtime()), owner_(actor.owner()), task_(task) {}
  ~ResultWait() override { static_cast<void>(runtime_.join_close(owner_, task_)); }

  bool poll(Actor& actor, PollContext& context) override {
    // Now and then the hold is ended early.
    if (actor.random().one_in(10)) return true;
    runtime_.note_wait(task_);
    JoinResult result;
    const Status status = runtime_.join_poll(owner_, task_, Waker(context.waker), result);
    if (status == Status::kPending) return false;
    actor.world().findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
    if (result.state == nullptr) return true;
    // The pointer is good until we close: looked at for a while, so that a drop would be seen.
    const auto* other = static_cast<const Actor*>(result.state);
    for (int i = 0; i < 20; ++i) {
      actor.world().findings.add_if(!other->result_is_right(), Fault::kWrongResult);
      cpu_relax();
    }
    return true;
  }

 private:
  Runtime& runtime_;
  const OwnerId owner_;
  const Handle task_;
};

class ChildrenWait final : public Wait {
 public:
  bool poll(Actor& actor, PollContext& context) override {
    actor.runtime().note_wait(
        Waker(context.waker));  // itself: there is no handle for "my children"
    return actor.runtime().children_poll(actor.owner()) != Status::kPending;
  }
};

// Begins in a child: tells the parent's state that it is there. Over at once.
class Arrival final : public Wait {
 public:
  explicit Arrival(Actor& parent) : parent_(parent) {}
  bool poll(Actor& actor, PollContext&) override {
    parent_.living_children().fetch_add(1);
    actor.set_parent(&parent_);
    return true;
  }

 private:
  Actor& parent_;
};

class FavourWait final : public Wait {
 public:
  bool poll(Actor& actor, PollContext& context) override {
    actor.runtime().note_wait(Handle());
    if (done_ == nullptr) {
      done_ = std::make_shared<std::atomic<bool>>(false);
      actor.world().ask({Waker(context.waker), done_});
    }
    // relaxed: the wake alone has to publish it.
    return done_->load(std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<bool>> done_;
};

}  // namespace

std::unique_ptr<Wait> wait_for_result(Actor& actor) {
  if (actor.depth() == 0 || !actor.world().has_room()) return nullptr;
  SpawnOptions held;
  held.join = true;
  held.name = actor.random().one_in(4) ? "held" : "";
  const Handle task = actor.tenant().spawn(smaller(actor), held, actor.random());
  return task.is_null() ? nullptr : std::make_unique<ResultWait>(actor, task);
}

std::unique_ptr<Wait> wait_for_children(Actor& actor) {
  if (actor.depth() == 0 || !actor.world().has_room()) return nullptr;
  SpawnOptions child;
  child.child = true;
  for (std::uint64_t i = 0; i <= actor.random().below(6); ++i) {
    ActorPlan plan = smaller(actor);
    plan.wait = std::make_unique<Arrival>(actor);
    actor.tenant().spawn(std::move(plan), child, actor.random());
  }
  // Often it does not wait at all, and ends before them.
  return actor.random().one_in(3) ? nullptr : std::make_unique<ChildrenWait>();
}

std::unique_ptr<Wait> wait_for_favour(Actor&) { return std::make_unique<FavourWait>(); }

}  // namespace ekiden::runtime::stress
