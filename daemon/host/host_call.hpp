// The gate that every host function passes first: is the context one, is the instance still there,
// and does it stay there until the call returns?
//
// While a HostCall is admitted, the calling thread's presence record names the instance's owner,
// and bury_context() waits for all such threads. On the threads that run the plugin's callbacks the
// record names it already and the gate only reads. A thread that the plugin started itself
// publishes for the length of the call:
//
//   caller                                     bury_context()
//   (1) begin_visit(owner), seq_cst            (3) state.exchange(kTombstone), seq_cst
//   (2) state.load(), seq_cst                  (4) anyone_in(owner): record.load()
//
// If (2) still reads kLive, it comes before (3) in the one order of seq_cst operations, so (1)
// comes before (4), which sees the record and waits. Were (1) a plain store, it could sit in its
// core's buffer while (2) and (4) both run, and the instance would go under the caller.
//
// The same record makes the ledger's end exact: Runtime::owner_quiescent() waits for a thread that
// is creating something just now.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <exception>
#include <new>
#include <string_view>

#include "daemon/host/abi_struct.hpp"
#include "daemon/host/context.hpp"
#include "daemon/host/misuse.hpp"
#include "daemon/host/status_code.hpp"
#include "runtime/runtime.hpp"
#include "runtime/task/presence.hpp"

namespace ekiden::daemon::host {

namespace detail {

// Looked up once a thread. Without a destructor of its own, so reading it is one load.
inline thread_local constinit runtime::presence::Record* known_presence = nullptr;

runtime::presence::Record* find_presence() noexcept;

}  // namespace detail

// Null once the thread's own thread-local objects are being destroyed: then it has no record.
inline runtime::presence::Record* thread_presence() noexcept {
  return detail::known_presence != nullptr ? detail::known_presence : detail::find_presence();
}

// Lives on the stack of one host function.
class HostCall {
 public:
  HostCall(ekd_ctx* ctx, Function function, ekd_error* err = nullptr,
           std::uint64_t handle = 0) noexcept
      : ctx_(ctx), err_(err), handle_(handle), function_(function) {
    if (!is_context(ctx)) [[unlikely]] {
      refuse_unknown();
      return;
    }
    runtime::presence::Record* const record = thread_presence();
    if (record == nullptr || record->current.load(std::memory_order_relaxed) != ctx->owner)
        [[unlikely]] {
      enter_from_outside(record);
      return;
    }
    // acquire: pairs with the exchange in bury_context() where an owner's number is used again.
    if (ctx->state.load(std::memory_order_acquire) != ContextState::kLive) [[unlikely]] {
      refuse_late();
      return;
    }
    instance_ = ctx->live;
  }
  ~HostCall() {
    if (visiting_ != nullptr) runtime::presence::end_visit(*visiting_);
  }
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;

  bool admitted() const noexcept { return instance_ != nullptr; }
  // Why not; told to the log and the caller's ekd_error already.
  std::int32_t refusal() const noexcept { return refusal_; }

  // On a thread that the plugin started itself: an unload waits for the call to end, so it must not
  // wait for a lock that the unload may hold.
  bool is_visit() const noexcept { return visiting_ != nullptr; }

  // Only where admitted.
  Instance& instance() const noexcept { return *instance_; }
  runtime::Runtime& runtime() const noexcept { return instance_->runtime; }
  runtime::OwnerId owner() const noexcept { return ctx_->owner; }
  const ekd_ctx* ctx() const noexcept { return ctx_; }

  // Answers a code below zero with a sentence: fills the caller's ekd_error, and tells the log
  // where it is misuse.
  std::int32_t refuse(std::int32_t code, std::string_view sentence) noexcept;
  std::int32_t refuse(StructFault fault) noexcept {
    return refuse(code_of(fault), sentence_of(fault));
  }
  // The same, for what is no defect of the plugin's code: a wrong address in a configuration, say.
  std::int32_t refuse_quietly(std::int32_t code, std::string_view sentence,
                              int os_errno = 0) noexcept;
  // A system call that failed: EKD_E_OS, and "<what>: <errno in words>".
  std::int32_t refuse_os(std::string_view what, int os_errno) noexcept;

  // The code of a runtime's answer, refusals being told.
  std::int32_t answer(runtime::Status status) noexcept {
    const std::int32_t code = code_of(status);
    return code >= 0 ? code : refuse(code, sentence_of(code));
  }
  // The same for something that was polled: task lists show what a task waits for.
  std::int32_t answer_poll(runtime::Status status) noexcept {
    if (status == runtime::Status::kPending) runtime().note_wait(runtime::Handle(handle_));
    return answer(status);
  }

  // Takes one from the budget of the poll that this thread is in. False: it is spent, and the
  // caller answers EKD_PENDING. The task is woken already; so is `waker`, which may be another one
  // where a plugin's combinator hands out wakers of its own. A mere question (waker 0) costs
  // nothing.
  bool spend_budget(ekd_waker waker) noexcept {
    if (waker == 0 || runtime().spend_budget()) [[likely]]
      return true;
    runtime().wake(runtime::Waker(waker));
    return false;
  }

 private:
  void refuse_unknown() noexcept;
  void refuse_late() noexcept;
  void enter_from_outside(runtime::presence::Record* record) noexcept;

  ekd_ctx* const ctx_;
  ekd_error* const err_;
  const std::uint64_t handle_;
  Instance* instance_ = nullptr;
  runtime::presence::Record* visiting_ = nullptr;  // to be cleared when the call ends
  std::int32_t refusal_ = EKD_OK;
  const Function function_;
};

// Runs what may allocate or start a thread: no exception crosses the border. Zero cost where none
// is thrown.
template <class Body>
std::int32_t guarded(HostCall& call, Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return call.answer(runtime::Status::kNoMemory);
  } catch (const std::exception& failure) {
    return call.refuse_quietly(EKD_E_INTERNAL, failure.what());
  }
}

}  // namespace ekiden::daemon::host
