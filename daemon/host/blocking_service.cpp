// ekd.blocking/1 on the runtime's blocking pool.
#include <string>

#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "runtime/blocking/blocking_pool.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Handle;
using runtime::Job;
using runtime::Status;

std::int32_t read_options(HostCall& call, const ekd_job_options* given, ekd_job_options& out) {
  if (const StructFault fault = read_struct(given, out); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  if (out.run == nullptr) return call.refuse(EKD_E_INVALID, "run is NULL");
  if (out.flags != 0) return call.refuse(EKD_E_UNSUPPORTED, "flags is not 0");
  return EKD_OK;
}

// As the ABI has it, the pool calls either `run` or `drop`, so a job goes to it as it is.
Status submit_job(HostCall& call, const ekd_job_options& options, Handle& out, int& os_error) {
  return call.runtime().blocking().submit(
      call.owner(), Job{options.run, options.drop, options.argument}, out, &os_error);
}

std::int32_t submit(ekd_ctx* ctx, const ekd_job_options* given, ekd_job* out_job, ekd_error* err) {
  HostCall call(ctx, Function::kBlockingSubmit, err);
  if (!call.admitted()) return call.refusal();
  if (out_job == nullptr) return call.refuse(EKD_E_INVALID, "out_job is NULL");
  ekd_job_options options;
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  if (!call.runtime().admits(call.owner())) return call.answer(Status::kDraining);
  return guarded(call, [&] {
    Handle job;
    int os_error = 0;
    const Status status = submit_job(call, options, job, os_error);
    if (status == Status::kOk) *out_job = job.bits();
    if (status == Status::kNoMemory && os_error != 0) {
      return call.refuse_quietly(EKD_E_NO_MEMORY, "no thread could be started for it", os_error);
    }
    return call.answer(status);
  });
}

std::int32_t job_poll(ekd_ctx* ctx, ekd_job job, ekd_waker waker, std::int32_t* out_result,
                      ekd_error* err) {
  HostCall call(ctx, Function::kBlockingJobPoll, err, job);
  if (!call.admitted()) return call.refusal();
  if (out_result == nullptr) return call.refuse(EKD_E_INVALID, "out_result is NULL");
  return guarded(call, [&]() -> std::int32_t {
    std::int32_t result = 0;
    std::string failure;
    const Status status = call.runtime().blocking().poll(call.owner(), Handle(job),
                                                         runtime::Waker(waker), result, &failure);
    // A job that has ended answers the same until it is closed: asking the task to yield loses
    // nothing.
    if (status == Status::kOk && !call.spend_budget(waker)) return EKD_PENDING;
    if (status == Status::kOk) *out_result = result;
    if (status == Status::kFailed) return call.refuse_quietly(EKD_E_FAILED, failure);
    return call.answer_poll(status);
  });
}

std::int32_t job_close(ekd_ctx* ctx, ekd_job job) {
  HostCall call(ctx, Function::kBlockingJobClose, nullptr, job);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().blocking().close(call.owner(), Handle(job)));
}

constexpr ekd_blocking_api kTable = {sizeof(ekd_blocking_api), 0, submit, job_poll, job_close};

}  // namespace

const ekd_blocking_api& blocking_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
