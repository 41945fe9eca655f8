// Tasks of their own: spawn, JoinHandle, yield.
//
//   JoinHandle<int> child = spawn(answer());             // a coroutine that is there already
//   auto other = spawn([peer] { return serve(peer); });  // made in the task's own memory: quicker
//   int x = co_await child;
//
// A callable and its captures live as long as the task, so a lambda that is itself a coroutine may
// use what it captured. A callable that makes other coroutines on its way, which live longer than
// the task, makes them each time or behind the one that it returns: the first frame may lie in the
// task's own memory.
#pragma once

#include <ekiden/sdk/detail/backoff.hpp>
#include <ekiden/sdk/detail/reservation.hpp>

#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
class JoinWait final : public Wait {
 public:
  JoinWait(ekd_task task, Root<T>* root, bool* joined)
      : task_(task), root_(root), joined_(joined) {}

  bool poll() noexcept override {
    ekd_join_result result{};
    result.struct_size = sizeof(result);
    ekd_error error = ekd_error_init();
    code_ = bound.task->join_poll(bound.ctx, task_, waker(), &result, &error);
    if (code_ == EKD_PENDING) return false;
    if (code_ == EKD_READY) status_ = result.status;
    return true;
  }
  T result() {
    check(code_, "join");
    *joined_ = true;
    const Close close{task_};
    if (status_ == EKD_E_FAILED && root_->outcome.ended() != Ended::kFailure)
      throw Error(EKD_E_FAILED, "the joined task failed");
    return root_->outcome.get();
  }

 private:
  // What is in the state stays until the handle is closed.
  struct Close {
    ekd_task task;
    ~Close() { bound.task->join_close(bound.ctx, task); }
  };

  const ekd_task task_;
  Root<T>* const root_;
  bool* const joined_;
  std::int32_t code_ = EKD_PENDING;
  std::int32_t status_ = EKD_OK;
};

}  // namespace detail

// Holds a spawned task. Move-only. co_await gives what the task returned, or throws what it threw;
// Cancelled where it was aborted. Whoever is cancelled while it awaits the handle loses nothing: it
// can be awaited again. Destroying the handle detaches the task, which runs on. One waits at a
// time, and neither moves nor destroys the handle meanwhile; a second one of the same task is told
// so by an Error when the first has the value.
template <class T = void>
class [[nodiscard("without its handle a task is detached; say so with detach()")]] JoinHandle {
 public:
  JoinHandle() noexcept = default;
  // The SDK's own.
  JoinHandle(ekd_task task, detail::Root<T> * root) noexcept : task_(task), root_(root) {}
  JoinHandle(JoinHandle && other) noexcept
      : task_(std::exchange(other.task_, 0)), root_(other.root_), joined_(other.joined_) {}
  JoinHandle& operator=(JoinHandle&& other) noexcept {
    if (this == &other) return *this;
    detach();
    task_ = std::exchange(other.task_, 0);
    root_ = other.root_;
    joined_ = other.joined_;
    return *this;
  }
  ~JoinHandle() { detach(); }

  explicit operator bool() const noexcept { return task_ != 0 && !joined_; }
  // [any] What names the task to the host; 0: none.
  ekd_task id() const noexcept { return task_; }

  // What co_await on the handle waits with. Throws Error (EKD_E_WRONG_STATE) where it was joined or
  // detached already.
  detail::JoinWait<T> wait() {
    if (!*this) throw Error(EKD_E_WRONG_STATE, "the task was joined or detached already");
    return {task_, root_, &joined_};
  }

  // [any] The task has ended.
  bool is_finished() const noexcept {
    if (!*this) return true;
    ekd_join_result result{};
    result.struct_size = sizeof(result);
    return detail::bound.task->join_poll(detail::bound.ctx, task_, 0, &result, nullptr) !=
           EKD_PENDING;
  }
  // [any] Asks the task to end: its coroutines are destroyed, innermost first, when it is polled
  // next. Await the handle to learn when.
  void abort() const noexcept {
    if (*this) detail::bound.task->abort(detail::bound.ctx, task_);
  }
  // [any] The task runs on by itself.
  void detach() noexcept {
    if (*this) detail::bound.task->join_close(detail::bound.ctx, task_);
    task_ = 0;
  }

 private:
  ekd_task task_ = 0;
  detail::Root<T>* root_ = nullptr;
  bool joined_ = false;
};

namespace detail {

template <class R>
using HandleOf = JoinHandle<typename R::Value>;

// Commits a prepared task. The host's code.
template <class R>
std::int32_t start(Prepared<R>& prepared, const SpawnOptions& options, HandleOf<R>& out) {
  ekd_task task = 0;
  R* const root = &prepared.root();
  const std::int32_t code = prepared.commit(options, EKD_SPAWN_JOIN, task);
  if (code == EKD_OK) out = HandleOf<R>(task, root);
  return code;
}

template <class R>
HandleOf<R> start_or_throw(Prepared<R> prepared, const SpawnOptions& options) {
  HandleOf<R> handle;
  check(start(prepared, options, handle), "spawn");
  return handle;
}

template <class R>
std::optional<HandleOf<R>> try_start(Prepared<R> prepared, const SpawnOptions& options) {
  HandleOf<R> handle;
  const std::int32_t code = start(prepared, options, handle);
  if (code == EKD_E_FULL) return std::nullopt;
  check(code, "spawn");
  return handle;
}

}  // namespace detail

// [any] A new task. Throws Error: EKD_E_FULL (the queues are at capacity; spawn_when_room waits for
// room), EKD_E_LIMIT (limits.tasks), EKD_E_DRAINING. Then the coroutine is destroyed.
template <class S>
requires detail::Spawnable<S>
auto spawn(S&& what, const SpawnOptions& options = {}) {
  return detail::start_or_throw(detail::prepare(std::forward<S>(what), options), options);
}

// [any] The same for one that nobody joins: quicker than to detach its handle.
template <class S>
requires detail::Spawnable<S>
void spawn_detached(S&& what, const SpawnOptions& options = {}) {
  auto prepared = detail::prepare(std::forward<S>(what), options);
  ekd_task task = 0;
  detail::check(prepared.commit(options, 0, task), "spawn");
}

// [any] As spawn; nothing where the queues are full.
template <class S>
requires detail::Spawnable<S>
auto try_spawn(S&& what, const SpawnOptions& options = {}) {
  return detail::try_start(detail::prepare(std::forward<S>(what), options), options);
}

namespace detail {

// Tries again until the queues have room. kJoins: for a handle.
template <class R, bool kJoins>
class SpawnWait final : public Wait {
 public:
  SpawnWait(Prepared<R> prepared, const SpawnOptions& options)
      : prepared_(std::move(prepared)), options_(options) {}
  SpawnWait(SpawnWait&&) = default;

  bool poll() noexcept override {
    if (!backoff_.may_try(waker())) return false;
    code_ = start_task();
    if (code_ != EKD_E_FULL) return true;
    backoff_.rest(core());
    return false;
  }
  auto result() {
    check(code_, "spawn");
    if constexpr (kJoins) return std::move(handle_);
  }

 private:
  std::int32_t start_task() noexcept {
    if constexpr (kJoins) return start(prepared_, options_, handle_);
    ekd_task task = 0;
    return prepared_.commit(options_, 0, task);
  }

  Prepared<R> prepared_;
  const SpawnOptions options_;
  HandleOf<R> handle_;
  Backoff backoff_;
  std::int32_t code_ = EKD_PENDING;
};

class YieldWait final : public Wait {
 public:
  bool begin() noexcept override {
    core().request_yield();
    return false;
  }
  bool poll() noexcept override { return true; }
  void result() const noexcept {}
};

}  // namespace detail

// co_await: a new task, once the queues have room. Cancellation-safe: the coroutine is then
// destroyed, and never ran. The other errors as of spawn.
template <class S>
requires detail::Spawnable<S>
auto spawn_when_room(S&& what, const SpawnOptions& options = {}) {
  auto prepared = detail::prepare(std::forward<S>(what), options);
  return detail::SpawnWait<typename decltype(prepared)::Root, true>(std::move(prepared), options);
}
// co_await: the same for one that nobody joins.
template <class S>
requires detail::Spawnable<S>
auto spawn_detached_when_room(S&& what, const SpawnOptions& options = {}) {
  auto prepared = detail::prepare(std::forward<S>(what), options);
  return detail::SpawnWait<typename decltype(prepared)::Root, false>(std::move(prepared), options);
}

// co_await: lets the worker's other tasks run first.
inline detail::YieldWait yield() { return {}; }

// --- The task that runs -------------------------------------------------------------------------

namespace this_task {

// In a coroutine's own code, on its worker. All throw Error (EKD_E_WRONG_THREAD) elsewhere.
inline detail::TaskCore& core() {
  if (detail::TaskCore* const core = detail::TaskCore::current()) return *core;
  throw Error(EKD_E_WRONG_THREAD, "this is no task of the SDK");
}

// The host's name for it; also its waker.
inline ekd_task id() { return core().turn().cx->waker; }
// The worker's cached clock, some µs old.
inline std::uint64_t now_ns() { return core().turn().cx->now_ns; }
inline std::uint32_t worker() { return core().turn().cx->worker; }

}  // namespace this_task

EKIDEN_SDK_END
