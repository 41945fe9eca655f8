// Structured concurrency over tasks of their own: with_group.
//
//   std::size_t bytes = co_await with_group([&](TaskGroup& group) -> Task<std::size_t> {
//     for (Peer& peer : peers) group.spawn(serve(peer));
//     co_return co_await read_all();
//   });
//
// The await returns when the body and every child have ended, so children may use what the body and
// its callers own. What a child returns is thrown away. The first failure, of the body or a child,
// cancels the others and then comes out of the await. Cancelling whoever awaits cancels all of
// them, and is over when they are gone.
//
// The one exception is force: a task that has not ended by the deadline of an unload is dropped,
// and then children that were spawned by other tasks than the group's own may outlive it for a
// moment. What such a child's destructors touch should be shared, not borrowed.
#pragma once

#include <ekiden/sdk/detail/scope.hpp>
#include <ekiden/sdk/spawn.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

// What a group and its children share.
class GroupState {
 public:
  // One child; in its root.
  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
    ekd_task task = 0;
    std::shared_ptr<GroupState> group;  // null: it does not count, or no more
  };

  struct RoomWaiter {
    ekd_waker waker = 0;
    RoomWaiter* next = nullptr;
    bool listed = false;
    bool called = false;  // woken for a place, and has not looked for it since
  };

  GroupState(ekd_waker owner, unsigned limit) : owner_(owner), limit_(limit) {}

  // Children beyond the limit are refused. False: no place, and `waiter`, if given, is woken when
  // there may be one. Throws Cancelled.
  bool enter(Link& link, ekd_task task, std::shared_ptr<GroupState> self, RoomWaiter* waiter) {
    const std::lock_guard lock(mutex_);
    if (waiter != nullptr) waiter->called = false;
    if (ends_.load(std::memory_order_relaxed)) throw Cancelled("the group takes no more tasks");
    if (limit_ != 0 && count_.load(std::memory_order_relaxed) >= limit_) {
      if (waiter != nullptr) list(*waiter);
      return false;
    }
    // relaxed: the lock orders it; see is_empty().
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    link.task = task;
    link.group = std::move(self);
    link.previous = nullptr;
    link.next = first_;
    if (first_ != nullptr) first_->previous = &link;
    first_ = &link;
    return true;
  }

  // The child is gone, or was never committed.
  static void leave(Link& link, std::exception_ptr failure) noexcept {
    const std::shared_ptr<GroupState> group = std::move(link.group);
    if (group != nullptr) group->remove(link, std::move(failure));
  }

  void forget(RoomWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    if (!waiter.listed) {
      // The place that it was woken for and never took is the next one's.
      if (waiter.called && waiters_ != nullptr) wake_waiter();
      return;
    }
    RoomWaiter** at = &waiters_;
    while (*at != &waiter)
      at = &(*at)->next;
    *at = waiter.next;
    waiter.listed = false;
  }

  // Takes no more, and asks those that are there to end.
  void cancel() noexcept {
    const std::lock_guard lock(mutex_);
    ends_.store(true, std::memory_order_relaxed);
    for (Link* link = first_; link != nullptr; link = link->next)
      bound.task->abort(bound.ctx, link->task);
    while (waiters_ != nullptr)
      wake_waiter();
  }

  // For who has just committed a child. cancel() may have met that while it was a reservation, and
  // could not abort it; the lock sees to it that one of both sees the other.
  bool ends() {
    const std::lock_guard lock(mutex_);
    return ends_.load(std::memory_order_relaxed);
  }
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }
  // relaxed: a child that is not seen to have gone wakes the owner yet.
  unsigned size() const { return count_.load(std::memory_order_relaxed); }
  // What the children did is seen where this is true.
  bool is_empty() {
    if (size() != 0) return false;
    const std::lock_guard lock(mutex_);
    return size() == 0;
  }
  std::exception_ptr failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void remove(Link& link, std::exception_ptr failure) noexcept {
    bool tell = false;
    {
      const std::lock_guard lock(mutex_);
      (link.previous != nullptr ? link.previous->next : first_) = link.next;
      if (link.next != nullptr) link.next->previous = link.previous;
      const unsigned left = count_.load(std::memory_order_relaxed) - 1;
      count_.store(left, std::memory_order_relaxed);
      if (failure != nullptr && failure_ == nullptr) {
        failure_ = std::move(failure);
        failed_.store(true, std::memory_order_relaxed);
        tell = true;
      }
      tell = tell || left == 0;
      if (waiters_ != nullptr) wake_waiter();
    }
    if (tell) bound.task->wake(owner_);
  }

  void list(RoomWaiter& waiter) {
    if (waiter.listed) return;
    waiter.next = nullptr;
    waiter.listed = true;
    RoomWaiter** at = &waiters_;
    while (*at != nullptr)
      at = &(*at)->next;
    *at = &waiter;
  }
  void wake_waiter() noexcept {
    RoomWaiter& waiter = *waiters_;
    waiters_ = waiter.next;
    waiter.listed = false;
    waiter.called = true;
    bound.task->wake(waiter.waker);
  }

  const ekd_waker owner_;
  const unsigned limit_;
  std::mutex mutex_;
  std::atomic<bool> ends_{false};
  std::atomic<bool> failed_{false};
  std::atomic<unsigned> count_{0};
  // Under the lock.
  Link* first_ = nullptr;
  RoomWaiter* waiters_ = nullptr;
  std::exception_ptr failure_;
};

// A root that is a child: it tells the group of its end, or of its drop where it had none.
template <class R>
class GroupChild final : public R {
 public:
  using R::R;

  void drop() noexcept override { this->GroupChild::~GroupChild(); }
  GroupState::Link link;

 private:
  ~GroupChild() {
    this->reset_task();
    leave(nullptr);
  }
  void ended() noexcept override {
    leave(this->outcome.ended() == Ended::kFailure ? this->outcome.failure() : nullptr);
  }
  // What its captures and its value borrow from the group's owner may be gone right after.
  void leave(std::exception_ptr failure) noexcept {
    this->let_go();
    this->outcome.clear();
    GroupState::leave(link, std::move(failure));
  }
};

template <class T>
auto prepare_child(Task<T> task, const SpawnOptions& options) {
  return prepare_root<GroupChild<Root<T>>>(std::move(task), options);
}
template <class F>
requires(!IsTask<std::remove_cvref_t<F>>::value) auto prepare_child(F&& make,
                                                                    const SpawnOptions& options) {
  using Make = std::decay_t<F>;
  using T = typename MadeTask<Make>::value_type;
  return prepare_made<GroupChild<Made<T, Make>>>(Make(std::forward<F>(make)), options);
}

}  // namespace detail

// The children of one with_group. Its body, and whoever it hands a reference to, spawns into it.
class TaskGroup {
 public:
  // The SDK's own.
  TaskGroup(detail::TaskCore& core, std::shared_ptr<detail::GroupState> state)
      : core_(core), state_(std::move(state)) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // [worker, any task of the plugin] Throws as spawn() does; Error (EKD_E_FULL) also where the
  // group's limit is reached; Cancelled where the group is ending.
  template <class S>
  requires detail::Spawnable<S>
  void spawn(S&& what, const SpawnOptions& options = {}) {
    auto prepared = detail::prepare_child(std::forward<S>(what), options);
    if (!state_->enter(prepared.root().link, prepared.task(), state_, nullptr))
      throw Error(EKD_E_FULL, "the group has as many tasks as its limit allows");
    detail::check(commit(prepared, options), "spawn");
  }

  // co_await: the same, once the group has a place and the queues have room. Cancellation-safe: the
  // task is then destroyed, and never ran.
  template <class S>
  requires detail::Spawnable<S>
  auto spawn_when_room(S&& what, const SpawnOptions& options = {}) {
    auto prepared = detail::prepare_child(std::forward<S>(what), options);
    return EnterWait<typename decltype(prepared)::Root>(*this, std::move(prepared), options);
  }

  // Asks all children to end. The body goes on.
  void cancel() noexcept { state_->cancel(); }
  // Children that have not ended.
  std::size_t size() const noexcept { return state_->size(); }

 private:
  template <class R>
  class EnterWait;

  template <class R>
  std::int32_t commit(detail::Prepared<R>& prepared, const SpawnOptions& options) {
    // A child of the host's where it can be: the host then keeps the parent's state longest.
    const bool own = detail::TaskCore::current() == &core_;
    ekd_task task = 0;
    const std::int32_t code = prepared.commit(options, own ? EKD_SPAWN_CHILD : 0, task);
    if (code == EKD_OK && state_->ends()) detail::bound.task->abort(detail::bound.ctx, task);
    return code;
  }

  detail::TaskCore& core_;
  const std::shared_ptr<detail::GroupState> state_;
};

template <class R>
class TaskGroup::EnterWait final : public detail::Wait {
 public:
  EnterWait(TaskGroup& group, detail::Prepared<R> prepared, const SpawnOptions& options)
      : group_(group), prepared_(std::move(prepared)), options_(options) {}
  EnterWait(EnterWait&& other)
      : Wait(std::move(other)),
        group_(other.group_),
        prepared_(std::move(other.prepared_)),
        options_(other.options_) {}
  ~EnterWait() { group_.state_->forget(waiter_); }

  bool begin() noexcept override {
    waiter_.waker = waker();  // others read it from when it is listed on
    return poll();
  }
  bool poll() noexcept override {
    detail::GroupState& state = *group_.state_;
    detail::GroupState::Link& link = prepared_.root().link;
    try {
      if (!state.enter(link, prepared_.task(), group_.state_, &waiter_)) return false;
    } catch (const Cancelled&) {
      code_ = EKD_E_CANCELLED;
      return true;
    }
    code_ = group_.commit(prepared_, options_);
    if (code_ != EKD_E_FULL) return true;
    detail::GroupState::leave(link, nullptr);
    core().request_yield();
    return false;
  }
  void result() const {
    if (code_ == EKD_E_CANCELLED) throw Cancelled("the group takes no more tasks");
    detail::check(code_, "spawn");
  }

 private:
  TaskGroup& group_;
  detail::Prepared<R> prepared_;
  const SpawnOptions options_;
  detail::GroupState::RoomWaiter waiter_;
  std::int32_t code_ = EKD_PENDING;
};

namespace detail {

template <class F>
class GroupWait final : public Scope {
 public:
  using T = typename std::invoke_result_t<F&, TaskGroup&>::value_type;

  GroupWait(F body, unsigned limit) : body_(std::move(body)), limit_(limit) {}
  GroupWait(GroupWait&& other)
      : Scope(std::move(other)), body_(std::move(other.body_)), limit_(other.limit_) {}
  ~GroupWait() {
    if (state_ != nullptr) --core().open_families;
  }

  bool begin() noexcept override {
    state_ = std::make_shared<GroupState>(waker(), limit_);
    ++core().open_families;
    group_.emplace(core(), state_);
    try {
      part_.emplace(body_(*group_));
    } catch (...) {
      failure_ = std::current_exception();
      // Children that it spawned before are there.
      state_->cancel();
      return is_over();
    }
    start(*part_);
    return is_over();
  }
  bool poll() noexcept override {
    if (state_->has_failed() && !has_cancelled_) cancel_parts();
    return is_over();
  }
  T result() {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    const bool body_failed = part_->ended() && part_->outcome().ended() == Ended::kFailure;
    if (!body_failed)
      if (const std::exception_ptr failure = state_->failure()) std::rethrow_exception(failure);
    return part_->outcome().get();
  }

 private:
  bool is_over() const noexcept override { return Scope::is_over() && state_->is_empty(); }
  void cancel_parts() noexcept override {
    has_cancelled_ = true;
    state_->cancel();
    if (part_) Scope::cancel(*part_);
  }
  void part_ended(PartBase&, bool cancelled) noexcept override {
    if (cancelled || part_->outcome().ended() == Ended::kFailure) state_->cancel();
  }

  F body_;
  const unsigned limit_;
  std::shared_ptr<GroupState> state_;
  std::optional<TaskGroup> group_;
  std::optional<Part<T>> part_;
  std::exception_ptr failure_;
  bool has_cancelled_ = false;  // body and children; cancel() of the group leaves the body alone
};

}  // namespace detail

// co_await: see the top. `limit`: children at a time, 0 for any number; beyond it spawn refuses and
// spawn_when_room waits.
template <class F>
requires std::invocable<F&, TaskGroup&>
auto with_group(F body, unsigned limit = 0) { return detail::GroupWait<F>(std::move(body), limit); }

EKIDEN_SDK_END
