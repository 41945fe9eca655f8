// Task<T>: a coroutine that begins when it is awaited, and has one owner.
//
//   Task<int> answer() { co_return 42; }
//   Task<> main() { int x = co_await answer(); … }
//
// Awaiting a task that is not spawned costs no round through the scheduler: it runs on as a part of
// the one that awaits. Nothing grows with the number of such awaits, nor the stack with their
// depth. Destroying a Task destroys its coroutine, wherever it is suspended. Exceptions come out of
// the co_await.
//
// gcc 12 destroys a temporary lambda twice that is written within a co_await expression, unless all
// that it captures by value is trivial (references, pointers, numbers are). Give others a name
// first:
//
//   auto serve_peer = [peer = std::move(peer)]() mutable { return serve(std::move(peer)); };
//   co_await group.spawn_when_room(std::move(serve_peer));
//
// And it may lose `this` and the parameters of a coroutine that awaits in the condition of an if or
// a while. Where the condition declares a variable all is well:
//
//   while (auto line = co_await reader.read_line(4096)) …
//   if (bool in_time = co_await timeout(idle_, save()); !in_time) …
//
// A coroutine of the SDK may await tasks and the waits of the SDK, and nothing else: a foreign
// awaitable would resume it outside of its task's polls.
//
// gcc 12 destroys twice what a lambda captured that is written inside of a co_await expression.
// Where it captures what has a destructor, give it a name in a line of its own:
//
//   auto load = [name]() -> Task<int> { … };
//   int x = co_await cell.get_or_init(load);
#pragma once

#include <ekiden/sdk/detail/frame.hpp>
#include <ekiden/sdk/detail/outcome.hpp>
#include <ekiden/sdk/detail/wait.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <utility>

EKIDEN_SDK_BEGIN

template <class T>
class Task;

namespace detail {

// Moves between the coroutines of a branch.
struct Steps {
  static void enter(Routine& parent, Routine& child) noexcept {
    Branch& branch = *parent.branch;
    child.branch = &branch;
    child.parent = &parent;
    branch.innermost_ = &child;
    branch.core().turn().next = &child;
  }
  static void leave(Routine& routine) noexcept {
    Branch& branch = *routine.branch;
    branch.innermost_ = routine.parent;
    Turn& turn = branch.core().turn();
    if (routine.parent != nullptr) {
      turn.next = routine.parent;
    } else {
      turn.ended = &branch;
    }
  }
};

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) const noexcept {
    Steps::leave(handle.promise());
  }
  void await_resume() const noexcept {}
};

template <class T>
struct TaskAwaiter {
  Task<T>& task;

  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) const noexcept {
    Steps::enter(parent.promise(), task.routine());
  }
  T await_resume() const { return task.outcome().get(); }
};

template <class W>
struct WaitAwaiter {
  W& wait;

  bool await_ready() const noexcept { return wait.begin(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> waiter) const noexcept {
    waiter.promise().branch->core().link(wait);
  }
  decltype(auto) await_resume() const { return wait.result(); }
};

// The same for what makes its wait when it is awaited: a join handle.
template <class W>
struct OwnWaitAwaiter {
  W wait;

  OwnWaitAwaiter(W made, Routine& waiter) : wait(std::move(made)) { wait.attach(waiter); }
  bool await_ready() noexcept { return wait.begin(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> waiter) noexcept {
    waiter.promise().branch->core().link(wait);
  }
  decltype(auto) await_resume() { return wait.result(); }
};

template <class W>
concept IsWait = std::derived_from<std::remove_cvref_t<W>, Wait>;
template <class A>
concept MakesWait = requires(A& a) {
  { a.wait() } -> IsWait;
};

struct PromiseBase : Routine {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame) noexcept { free_frame(frame); }

  std::suspend_always initial_suspend(const char* in = __builtin_FUNCTION()) noexcept {
    function = in;
    return {};
  }
  FinalAwaiter final_suspend() const noexcept { return {}; }

  // Each await notes where it is.
  template <class T>
  TaskAwaiter<T> await_transform(Task<T>&& task, const char* at_file = __builtin_FILE(),
                                 std::uint32_t at_line = __builtin_LINE()) {
    note(at_file, at_line);
    return {awaitable(task)};
  }
  template <class T>
  TaskAwaiter<T> await_transform(Task<T>& task, const char* at_file = __builtin_FILE(),
                                 std::uint32_t at_line = __builtin_LINE()) {
    note(at_file, at_line);
    return {awaitable(task)};
  }
  template <IsWait W>
  WaitAwaiter<std::remove_reference_t<W>> await_transform(
      W&& wait, const char* at_file = __builtin_FILE(), std::uint32_t at_line = __builtin_LINE()) {
    note(at_file, at_line);
    if (wait.begun()) throw Error(EKD_E_WRONG_STATE, "a wait can be awaited once");
    wait.attach(*this);
    return {wait};
  }
  template <MakesWait A>
  auto await_transform(A&& a, const char* at_file = __builtin_FILE(),
                       std::uint32_t at_line = __builtin_LINE()) {
    note(at_file, at_line);
    return OwnWaitAwaiter<decltype(a.wait())>(a.wait(), *this);
  }

 private:
  void note(const char* at_file, std::uint32_t at_line) {
    file = at_file;
    line = at_line;
  }
  template <class T>
  static Task<T>& awaitable(Task<T>& task) {
    if (task.begun()) throw Error(EKD_E_WRONG_STATE, "a task can be awaited once");
    return task;
  }
};

template <class T>
struct Promise : PromiseBase {
  // gcc 12 and clang 14 align no coroutine's frame to more.
  static_assert(alignof(Stored<T>) <= 16, "a task gives values of an alignment up to 16");

  Outcome<T> outcome;

  Task<T> get_return_object() noexcept;
  template <class U>
  requires std::constructible_from<Stored<T>, U &&> &&
      (!std::is_reference_v<T>)void return_value(U&& value) {
    outcome.set_value(std::forward<U>(value));
  }
  void return_value(T value) requires std::is_reference_v<T> {
    outcome.set_value(std::addressof(value));
  }
  void unhandled_exception() noexcept { outcome.set_failure(std::current_exception()); }
};

template <>
struct Promise<void> : PromiseBase {
  Outcome<void> outcome;

  Task<void> get_return_object() noexcept;
  void return_void() noexcept { outcome.set_value(); }
  void unhandled_exception() noexcept { outcome.set_failure(std::current_exception()); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard("a task does nothing until it is awaited or spawned")]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  Task() noexcept = default;
  Task(Task && other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { reset(); }

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  // Destroys the coroutine, and with it all that it waits for. It must not run.
  void reset() noexcept {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  // --- For the SDK's own
  // --------------------------------------------------------------------------
  bool begun() const { return handle_ == nullptr || handle_.promise().branch != nullptr; }
  detail::Routine& routine() const { return handle_.promise(); }
  detail::Outcome<T>& outcome() const { return handle_.promise().outcome; }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() noexcept {
  const auto self = std::coroutine_handle<Promise>::from_promise(*this);
  handle = self;
  return Task<T>(self);
}

inline Task<void> detail::Promise<void>::get_return_object() noexcept {
  const auto self = std::coroutine_handle<Promise>::from_promise(*this);
  handle = self;
  return Task<void>(self);
}

// The end of what bind() began: gives back what the SDK holds of the host's memory. Every coroutine
// and every handle is gone; EKIDEN_PLUGIN does it.
inline void unbind() noexcept { detail::end_frame_memory(); }

// --- What can be awaited -------------------------------------------------------------------------

namespace detail {

template <class A>
struct AwaitResult;
template <class T>
struct AwaitResult<Task<T>> {
  using type = T;
};
template <IsWait W>
struct AwaitResult<W> {
  using type = decltype(std::declval<W&>().result());
};
template <MakesWait A>
struct AwaitResult<A> {
  using type = decltype(std::declval<A&>().wait().result());
};

template <class T>
Task<T> as_task(Task<T> task) {
  return task;
}
template <IsWait W>
Task<typename AwaitResult<W>::type> as_task(W wait) {
  co_return co_await wait;
}
template <MakesWait A>
Task<typename AwaitResult<A>::type> as_task(A a) {
  co_return co_await a;
}

}  // namespace detail

// A Task<T>, or a wait of the SDK: what a lock, a receive or a sleep returns.
template <class A>
concept Awaitable = requires {
  typename detail::AwaitResult<std::remove_cvref_t<A>>::type;
};

template <Awaitable A>
using AwaitResult = typename detail::AwaitResult<std::remove_cvref_t<A>>::type;

EKIDEN_SDK_END
