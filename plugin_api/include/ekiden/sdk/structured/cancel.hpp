// Cancellation by request: tokens, as a tree.
//
//   CancelSource all;
//   CancelSource some(all.token());          // cancelled with `all`, and by itself
//   auto line = co_await some.token().run(read_line(peer));   // empty where it was cancelled first
//
// A token is a request that code looks at where it suits it; to end a task from outside there is
// JoinHandle::abort().
#pragma once

#include <ekiden/sdk/detail/scope.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

// One node of the tree. It holds its parent; the parent knows its children only while they live.
class CancelNode {
 public:
  struct Waiter {
    ekd_waker waker = 0;
    Waiter* previous = nullptr;
    Waiter* next = nullptr;
    bool listed = false;
  };

  explicit CancelNode(std::shared_ptr<CancelNode> parent) : parent_(std::move(parent)) {
    if (parent_ == nullptr) return;
    const std::lock_guard lock(parent_->mutex_);
    cancelled_.store(parent_->cancelled_.load(std::memory_order_relaxed),
                     std::memory_order_relaxed);
    next_sibling_ = parent_->first_child_;
    if (next_sibling_ != nullptr) next_sibling_->previous_sibling_ = this;
    parent_->first_child_ = this;
  }
  CancelNode(const CancelNode&) = delete;
  CancelNode& operator=(const CancelNode&) = delete;
  ~CancelNode() {
    if (parent_ == nullptr) return;
    const std::lock_guard lock(parent_->mutex_);
    (previous_sibling_ != nullptr ? previous_sibling_->next_sibling_ : parent_->first_child_) =
        next_sibling_;
    if (next_sibling_ != nullptr) next_sibling_->previous_sibling_ = previous_sibling_;
  }

  // acquire: pairs with the release in cancel(): what was done before that is seen.
  bool is_cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  void cancel() {
    const std::lock_guard lock(mutex_);
    if (cancelled_.load(std::memory_order_relaxed)) return;
    cancelled_.store(true, std::memory_order_release);
    for (Waiter* waiter = first_waiter_; waiter != nullptr; waiter = waiter->next)
      bound.task->wake(waiter->waker);
    // Locks are taken from the root down. A child that is being destroyed waits for ours before it
    // leaves the list.
    for (CancelNode* child = first_child_; child != nullptr; child = child->next_sibling_)
      child->cancel();
  }

  // False: it is cancelled already, and nothing is listed.
  bool list(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    if (cancelled_.load(std::memory_order_relaxed)) return false;
    if (waiter.listed) return true;
    waiter.listed = true;
    waiter.next = first_waiter_;
    if (first_waiter_ != nullptr) first_waiter_->previous = &waiter;
    first_waiter_ = &waiter;
    return true;
  }
  void forget(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    if (!waiter.listed) return;
    (waiter.previous != nullptr ? waiter.previous->next : first_waiter_) = waiter.next;
    if (waiter.next != nullptr) waiter.next->previous = waiter.previous;
    waiter.listed = false;
  }

 private:
  const std::shared_ptr<CancelNode> parent_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  // Under the lock.
  Waiter* first_waiter_ = nullptr;
  CancelNode* first_child_ = nullptr;
  // Under the parent's lock.
  CancelNode* previous_sibling_ = nullptr;
  CancelNode* next_sibling_ = nullptr;
};

class CancelledWait final : public Wait {
 public:
  explicit CancelledWait(std::shared_ptr<CancelNode> node) : node_(std::move(node)) {}
  CancelledWait(CancelledWait&&) = default;
  ~CancelledWait() {
    if (node_ != nullptr && waiter_.listed) node_->forget(waiter_);
  }

  bool begin() noexcept override {
    waiter_.waker = waker();  // others read it from when it is listed on
    return poll();
  }
  bool poll() noexcept override {
    if (node_->is_cancelled()) return true;
    return !node_->list(waiter_);
  }
  void result() const noexcept {}

 private:
  std::shared_ptr<CancelNode> node_;
  CancelNode::Waiter waiter_;
};

template <class T>
class RunUntilWait final : public Scope {
 public:
  RunUntilWait(std::shared_ptr<CancelNode> node, Task<T> task)
      : node_(std::move(node)), part_(std::move(task)) {}
  RunUntilWait(RunUntilWait&&) = default;
  ~RunUntilWait() {
    if (node_ != nullptr && waiter_.listed) node_->forget(waiter_);
  }

  bool begin() noexcept override {
    if (node_->is_cancelled()) return true;
    waiter_.waker = waker();  // others read it from when it is listed on
    start(part_);
    return is_over() || poll();
  }
  bool poll() noexcept override {
    if (cancelled_) return false;
    if (node_->list(waiter_)) return false;
    cancelled_ = true;
    cancel_parts();
    return is_over();
  }
  // bool for void.
  auto result() {
    if constexpr (std::is_void_v<T>) {
      if (part_.ended()) part_.outcome().get();
      return part_.ended();
    } else {
      return part_.ended() ? std::optional<T>(part_.outcome().get()) : std::optional<T>();
    }
  }

 private:
  void cancel_parts() noexcept override { Scope::cancel(part_); }
  void part_ended(PartBase&, bool) noexcept override {}

  std::shared_ptr<CancelNode> node_;
  CancelNode::Waiter waiter_;
  Part<T> part_;
  bool cancelled_ = false;
};

}  // namespace detail

// Says whether something is wanted no more. Copies are the same token.
class CancelToken {
 public:
  // The SDK's own; CancelSource::token() gives one.
  explicit CancelToken(std::shared_ptr<detail::CancelNode> node) : node_(std::move(node)) {}

  // [any]
  bool is_cancelled() const { return node_->is_cancelled(); }
  // Throws Cancelled if it is.
  void check() const {
    if (is_cancelled()) throw Cancelled("cancelled by its token");
  }
  // co_await: goes on when it is cancelled. Cancellation-safe.
  detail::CancelledWait cancelled() const { return detail::CancelledWait(node_); }
  // co_await: what `part` gives, as a std::optional (bool for void); empty where the token was
  // cancelled first. Then `part` has been cancelled, and is gone.
  template <Awaitable A>
  auto run(A part) const {
    return detail::RunUntilWait<AwaitResult<A>>(node_, detail::as_task(std::move(part)));
  }

 private:
  friend class CancelSource;
  std::shared_ptr<detail::CancelNode> node_;
};

// Cancels its tokens. Move-only; destroying it cancels nothing.
class CancelSource {
 public:
  CancelSource() : node_(std::make_shared<detail::CancelNode>(nullptr)) {}
  // Is cancelled when the parent is, but not the other way round.
  explicit CancelSource(const CancelToken& parent)
      : node_(std::make_shared<detail::CancelNode>(parent.node_)) {}
  CancelSource(CancelSource&&) noexcept = default;
  CancelSource& operator=(CancelSource&&) noexcept = default;

  // [any] Once; later calls do nothing.
  void cancel() const { node_->cancel(); }
  bool is_cancelled() const { return node_->is_cancelled(); }
  CancelToken token() const { return CancelToken(node_); }

 private:
  std::shared_ptr<detail::CancelNode> node_;
};

EKIDEN_SDK_END
