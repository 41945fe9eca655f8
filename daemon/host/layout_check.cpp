// The runtime declares its own poll signature and numbers, so that it needs no header of the ABI
// and calls a plugin's functions without a trampoline. Here both are compared, once, by the
// compiler.
#include <ekiden/plugin.h>

#include <cstddef>
#include <type_traits>

#include "runtime/base/handle.hpp"
#include "runtime/reactor/readiness.hpp"
#include "runtime/runtime.hpp"
#include "runtime/task/poll.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::CancelMode;
using runtime::Handle;
using runtime::HandleKind;
using runtime::PollContext;
using runtime::SpawnHint;

// What a poll can read.
static_assert(sizeof(ekd_cx) == sizeof(PollContext) && alignof(ekd_cx) == alignof(PollContext));
static_assert(std::is_standard_layout_v<PollContext> && std::is_standard_layout_v<ekd_cx>);
static_assert(offsetof(ekd_cx, struct_size) == offsetof(PollContext, struct_size));
static_assert(offsetof(ekd_cx, cancelled) == offsetof(PollContext, cancelled));
static_assert(offsetof(ekd_cx, waker) == offsetof(PollContext, waker));
static_assert(offsetof(ekd_cx, now_ns) == offsetof(PollContext, now_ns));
static_assert(offsetof(ekd_cx, local) == offsetof(PollContext, local));
static_assert(offsetof(ekd_cx, budget) == offsetof(PollContext, budget));
static_assert(offsetof(ekd_cx, worker) == offsetof(PollContext, worker));
static_assert(std::is_same_v<decltype(ekd_cx::cancelled), decltype(PollContext::cancelled)>);
static_assert(std::is_same_v<decltype(ekd_cx::waker), decltype(PollContext::waker)>);
static_assert(std::is_same_v<decltype(ekd_cx::now_ns), decltype(PollContext::now_ns)>);
static_assert(std::is_same_v<decltype(ekd_cx::local), decltype(PollContext::local)>);
static_assert(std::is_same_v<decltype(ekd_cx::budget), decltype(PollContext::budget)>);
static_assert(std::is_same_v<decltype(ekd_cx::worker), decltype(PollContext::worker)>);

// How it is called, and what it answers.
static_assert(std::is_same_v<ekd_poll_fn, std::int32_t (*)(void*, ekd_cx*)>);
static_assert(std::is_same_v<runtime::PollFn, std::int32_t (*)(void*, PollContext*)>);
static_assert(std::is_same_v<ekd_drop_fn, runtime::DropFn>);
static_assert(EKD_READY == runtime::kPollReady && EKD_PENDING == runtime::kPollPending);
static_assert(EKD_YIELD == runtime::kPollYield && EKD_FAILED == runtime::kPollFailed);
static_assert(EKD_CANCELLED == runtime::kPollCancelled);

// How it ends, and where it goes.
static_assert(EKD_CANCEL_ONE_POLL == static_cast<std::uint32_t>(CancelMode::kOnePoll));
static_assert(EKD_CANCEL_DROP_NOW == static_cast<std::uint32_t>(CancelMode::kDropNow));
static_assert(EKD_CANCEL_ASYNC == static_cast<std::uint32_t>(CancelMode::kAsync));
static_assert(EKD_HINT_DEFAULT == static_cast<std::uint32_t>(SpawnHint::kDefault));
static_assert(EKD_HINT_NEXT == static_cast<std::uint32_t>(SpawnHint::kNext));
static_assert(EKD_HINT_LAST == static_cast<std::uint32_t>(SpawnHint::kLast));

// Handles: 4 bits of kind, 28 of index, 32 of generation; zero is none. Arrays of them are handed
// through as they are.
static_assert(std::is_same_v<ekd_task, std::uint64_t> && std::is_same_v<ekd_waker, std::uint64_t>);
static_assert(Handle(HandleKind::kTimer, 0x0234567, 0x89abcdef).bits() == 0x8023456789abcdef);
static_assert(Handle(HandleKind::kTask, 5, 7).bits() == 0x0000000500000007);
static_assert(Handle(0x8023456789abcdef).kind() == HandleKind::kTimer);
static_assert(Handle(0).is_null());

// What is ready.
static_assert(EKD_IO_READABLE == runtime::kReadable.bits());
static_assert(EKD_IO_WRITABLE == runtime::kWritable.bits());

}  // namespace

}  // namespace ekiden::daemon::host
