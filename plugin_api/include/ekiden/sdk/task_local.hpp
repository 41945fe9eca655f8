// Values that code finds without being handed them: TaskLocal.
//
//   inline TaskLocal<std::string> request;
//   co_await request.with("42", serve(peer));
//   log(EKD_LOG_INFO, request.get());            // anywhere within serve()
//
// A value is seen by the coroutine it is bound for, by what that awaits, and by the branches that
// are begun in it (race, timeout, the body of a group, …). It is not seen by spawned tasks, the
// children of groups and forks among them: bind it anew there.
#pragma once

#include <ekiden/sdk/detail/scope.hpp>

#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T, class V>
class LocalWait final : public Scope {
 public:
  LocalWait(const void* key, V value, Task<T> task)
      : key_(key), value_(std::move(value)), part_(std::move(task)) {}
  LocalWait(LocalWait&&) = default;

  bool begin() noexcept override {
    binding_ = {key_, &value_, branch().locals()};
    start(part_, &binding_);
    return is_over();
  }
  T result() { return part_.outcome().get(); }

 private:
  void cancel_parts() noexcept override { Scope::cancel(part_); }
  void part_ended(PartBase&, bool) noexcept override {}

  const void* key_;
  V value_;
  LocalBinding binding_{};
  Part<T> part_;
};

}  // namespace detail

// A key, told from others by its address: a variable that outlives every use, mostly a global one.
template <class T>
class TaskLocal {
 public:
  TaskLocal() = default;
  TaskLocal(const TaskLocal&) = delete;
  TaskLocal& operator=(const TaskLocal&) = delete;

  // co_await: what `part` gives, run with this value. Within it another value may be bound, which
  // hides this one. Cancellation-safe as far as the part is; the value goes after the part.
  template <Awaitable A>
  auto with(T value, A part) const {
    return detail::LocalWait<AwaitResult<A>, T>(this, std::move(value),
                                                detail::as_task(std::move(part)));
  }

  // [worker] The value, in the code of a coroutine; its own to change. Null: none is bound here.
  T* find() const noexcept {
    const detail::TaskCore* const core = detail::TaskCore::current();
    if (core == nullptr || core->turn().running == nullptr) return nullptr;
    const detail::LocalBinding* at = core->turn().running->locals();
    while (at != nullptr && at->key != this)
      at = at->before;
    return at != nullptr ? static_cast<T*>(at->value) : nullptr;
  }
  // The same; throws Error (EKD_E_NOT_FOUND) where none is bound.
  T& get() const {
    if (T* const value = find()) return *value;
    throw Error(EKD_E_NOT_FOUND, "the task-local value is not bound here");
  }
};

EKIDEN_SDK_END
