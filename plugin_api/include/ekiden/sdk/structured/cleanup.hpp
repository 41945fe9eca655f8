// Clean-up that awaits: with_cleanup.
//
//   co_await with_cleanup(serve(peer), [&]() -> Task<> { co_await peer.send("bye"); });
//
// Destructors run when a coroutine ends or is cancelled, and cannot wait. What has to wait goes
// here: it runs when the body has ended, whether with a value, an exception or because it was
// cancelled, and is itself not cancelled: only the deadline of an unload ends it. So bound it with
// timeout(); while an instance drains there are no timers, and that deadline is the bound.
#pragma once

#include <ekiden/sdk/detail/scope.hpp>

#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T, class F>
class CleanupWait final : public Scope {
 public:
  CleanupWait(Task<T> body, F cleanup) : body_(std::move(body)), make_(std::move(cleanup)) {}
  CleanupWait(CleanupWait&& other)
      : Scope(std::move(other)), body_(std::move(other.body_)), make_(std::move(other.make_)) {}

  bool begin() noexcept override {
    start(body_);
    return is_over();
  }
  T result() {
    // What the body threw came first.
    if (body_.outcome().ended() != Ended::kFailure) {
      if (failure_ != nullptr) std::rethrow_exception(failure_);
      cleanup_->outcome().get();
    }
    return body_.outcome().get();
  }

 private:
  void cancel_parts() noexcept override {
    const bool was_live = body_.live();
    Scope::cancel(body_);
    if (was_live && !body_.live()) clean_up();
  }
  void part_ended(PartBase& part, bool) noexcept override {
    if (&part == &body_) clean_up();
  }
  void clean_up() noexcept {
    try {
      cleanup_.emplace(make_());
    } catch (...) {
      failure_ = std::current_exception();
      return;
    }
    start(*cleanup_);
  }

  Part<T> body_;
  F make_;
  std::optional<Part<void>> cleanup_;
  std::exception_ptr failure_;
};

}  // namespace detail

// co_await: what `body` gives. `cleanup`: a callable that makes a Task<>; called on the task's
// thread when the body has ended or been cancelled.
template <Awaitable A, class F>
requires std::same_as<std::invoke_result_t<F&>, Task<>>
auto with_cleanup(A body, F cleanup) {
  return detail::CleanupWait<AwaitResult<A>, F>(detail::as_task(std::move(body)),
                                                std::move(cleanup));
}

EKIDEN_SDK_END
