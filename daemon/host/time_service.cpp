// ekd.time/1 on the runtime's timers.
#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Handle;
using runtime::Status;

std::uint64_t now_ns(ekd_ctx* ctx) {
  HostCall call(ctx, Function::kTimeNow);
  return call.admitted() ? call.runtime().now_ns() : 0;
}

std::int32_t create(ekd_ctx* ctx, ekd_timer* out_timer) {
  HostCall call(ctx, Function::kTimeCreate);
  if (!call.admitted()) return call.refusal();
  if (out_timer == nullptr) return call.refuse(EKD_E_INVALID, "out_timer is NULL");
  Handle timer;
  const Status status = call.runtime().timer_create(call.owner(), timer);
  if (status != Status::kOk) return call.answer(status);
  *out_timer = timer.bits();
  return EKD_OK;
}

std::int32_t arm(ekd_ctx* ctx, ekd_timer timer, std::uint64_t deadline_ns) {
  HostCall call(ctx, Function::kTimeArm, nullptr, timer);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().timer_arm(call.owner(), Handle(timer), deadline_ns));
}

std::int32_t poll(ekd_ctx* ctx, ekd_timer timer, ekd_waker waker) {
  HostCall call(ctx, Function::kTimePoll, nullptr, timer);
  if (!call.admitted()) return call.refusal();
  const Status status =
      call.runtime().timer_poll(call.owner(), Handle(timer), runtime::Waker(waker));
  // A timer that is ready stays so: asking the task to yield loses nothing.
  if (status == Status::kOk && !call.spend_budget(waker)) return EKD_PENDING;
  return call.answer_poll(status);
}

std::int32_t cancel(ekd_ctx* ctx, ekd_timer timer) {
  HostCall call(ctx, Function::kTimeCancel, nullptr, timer);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().timer_cancel(call.owner(), Handle(timer)));
}

std::int32_t close(ekd_ctx* ctx, ekd_timer timer) {
  HostCall call(ctx, Function::kTimeClose, nullptr, timer);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().timer_close(call.owner(), Handle(timer)));
}

std::int32_t start(ekd_ctx* ctx, std::uint64_t deadline_ns, ekd_waker waker, ekd_timer* out_timer) {
  HostCall call(ctx, Function::kTimeStart);
  if (!call.admitted()) return call.refusal();
  if (out_timer == nullptr) return call.refuse(EKD_E_INVALID, "out_timer is NULL");
  Handle timer;
  const Status status =
      call.runtime().timer_start(call.owner(), deadline_ns, runtime::Waker(waker), timer);
  if (code_of(status) < 0) return call.answer(status);
  *out_timer = timer.bits();
  if (status == Status::kPending) return EKD_PENDING;
  return call.spend_budget(waker) ? EKD_READY : EKD_PENDING;
}

constexpr ekd_time_api kTable = {
    sizeof(ekd_time_api), 0, now_ns, create, arm, poll, cancel, close, start,
};

}  // namespace

const ekd_time_api& time_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
