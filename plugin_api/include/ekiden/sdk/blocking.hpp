// blocking: runs a callable that may block on the host's pool of threads, away from the workers.
//
//   double answer = co_await blocking([n] { return compute_for_seconds(n); });
//
// The callable and its captures belong to the job, not to the coroutine that awaits it: when that
// is cancelled, a job that still waits for a thread is taken out and destroyed, and one that runs
// goes on, its result being thrown away. So a callable must not refer to anything of the frame that
// awaits it, unless that cannot be cancelled.
//
// gcc 12 destroys a lambda twice that is written within a co_await expression, unless all that it
// captures by value is trivial. So where it holds a string or a pointer of its own:
//
//   auto job = blocking([path] { return read_whole(path); });
//   std::string text = co_await job;
#pragma once

#include <ekiden/sdk/detail/backoff.hpp>
#include <ekiden/sdk/detail/outcome.hpp>

#include <atomic>
#include <concepts>
#include <new>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

// Has two holders: whoever waits, and the pool until it has run or dropped it. The last one frees
// it.
template <class F>
class BlockingJob {
 public:
  using T = std::invoke_result_t<F&>;

  static BlockingJob* make(F&& call) {
    void* const block =
        bound.memory->alloc(bound.ctx, sizeof(BlockingJob), std::uint32_t{alignof(BlockingJob)});
    if (block == nullptr) throw std::bad_alloc();
    try {
      return ::new (block) BlockingJob(std::move(call));
    } catch (...) {
      bound.memory->free(bound.ctx, block);
      throw;
    }
  }

  // On a thread of the pool.
  static std::int32_t run(void* job) {
    auto* const self = static_cast<BlockingJob*>(job);
    try {
      self->keep_result();
    } catch (...) {
      self->outcome_.set_failure(std::current_exception());
    }
    self->let_go();
    return 0;
  }
  // Of a job that never runs.
  static void drop(void* job) { static_cast<BlockingJob*>(job)->let_go(); }

  // The pool lets go too: it never got it.
  void destroy() noexcept {
    this->~BlockingJob();
    bound.memory->free(bound.ctx, this);
  }
  void release() noexcept {
    // acq_rel: pairs with itself: what one holder did comes before the other one's destroy().
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  Outcome<T>& outcome() { return outcome_; }

 private:
  explicit BlockingJob(F&& call) : call_(std::move(call)) {}
  ~BlockingJob() = default;

  void keep_result() {
    if constexpr (std::is_void_v<T>) {
      (*call_)();
      outcome_.set_value();
    } else if constexpr (std::is_reference_v<T>) {
      outcome_.set_value(std::addressof((*call_)()));
    } else {
      outcome_.set_value((*call_)());
    }
  }
  // The captures go on the thread that is done with them, before anybody learns of it.
  void let_go() noexcept {
    call_.reset();
    release();
  }

  std::atomic<int> holders_{2};
  std::optional<F> call_;
  Outcome<T> outcome_;
};

enum class WhenFull : std::uint8_t { kWait, kRefuse };

template <class F>
class BlockingWait final : public Wait {
 public:
  BlockingWait(F call, WhenFull when_full)
      : state_(BlockingJob<F>::make(std::move(call))), when_full_(when_full) {}
  BlockingWait(BlockingWait&& other) noexcept
      : Wait(std::move(other)),
        state_(std::exchange(other.state_, nullptr)),
        when_full_(other.when_full_) {}
  ~BlockingWait() {
    if (state_ == nullptr) return;
    if (job_ != 0) {
      bound.blocking->job_close(bound.ctx, job_);
      state_->release();
    } else {
      state_->destroy();
    }
  }

  bool poll() noexcept override { return job_ == 0 ? submit() : ask(); }
  decltype(auto) result() {
    if (code_ == EKD_E_CANCELLED) throw Cancelled("the blocking job was dropped before it ran");
    if (code_ < 0) fail();
    return state_->outcome().get();
  }

 private:
  bool submit() noexcept {
    if (!backoff_.may_try(waker())) return false;
    ekd_job_options options{};
    options.struct_size = sizeof(options);
    options.run = BlockingJob<F>::run;
    options.drop = BlockingJob<F>::drop;
    options.argument = state_;
    ekd_error error = ekd_error_init();
    code_ = bound.blocking->submit(bound.ctx, &options, &job_, &error);
    os_errno_ = error.os_errno;
    if (code_ == EKD_OK) return ask();
    if (code_ != EKD_E_FULL || when_full_ == WhenFull::kRefuse) return true;
    backoff_.rest(core());
    return false;
  }
  bool ask() noexcept {
    std::int32_t nothing = 0;
    code_ = bound.blocking->job_poll(bound.ctx, job_, waker(), &nothing, nullptr);
    return code_ != EKD_PENDING;
  }
  [[noreturn]] void fail() const {
    if (code_ == EKD_E_FULL) throw Error(code_, "blocking: the pool's queue is full");
    throw Error(code_, std::string("blocking: ") + code_name(code_), os_errno_);
  }

  BlockingJob<F>* state_;
  ekd_job job_ = 0;
  std::int32_t code_ = EKD_PENDING;
  std::int32_t os_errno_ = 0;
  WhenFull when_full_;
  Backoff backoff_;
};

}  // namespace detail

// co_await: what `call` returns, or what it throws, once a thread of the pool has run it; waits for
// room where the pool's queue is full. Throws Error: EKD_E_DRAINING, EKD_E_NO_MEMORY (not one
// thread could be started); Cancelled where the daemon shuts down before it ran.
// Cancellation-safe: `call` is destroyed exactly once, having run or not.
template <class F>
requires std::invocable < std::decay_t<F>
& > auto blocking(F&& call) {
  return detail::BlockingWait<std::decay_t<F>>(std::forward<F>(call), detail::WhenFull::kWait);
}

// The same, but a full queue is an Error with EKD_E_FULL, at once.
template <class F>
requires std::invocable < std::decay_t<F>
& > auto try_blocking(F&& call) {
  return detail::BlockingWait<std::decay_t<F>>(std::forward<F>(call), detail::WhenFull::kRefuse);
}

EKIDEN_SDK_END
