#include "daemon/host/channel_buffers.hpp"

#include "runtime/channel/channels.hpp"

namespace ekiden::daemon::host {

using runtime::BufferTable;
using runtime::BufferView;
using runtime::Handle;
using runtime::Status;

namespace {

BufferTable& buffers(const HostCall& call) { return call.runtime().channels().buffers(); }

// Whether a buffer may be written is a question, and no misuse.
std::int32_t answer_sole(HostCall& call, Status status) {
  if (status != Status::kWrongState) return call.answer(status);
  return call.refuse_quietly(EKD_E_WRONG_STATE, "there are other references to the buffer");
}

}  // namespace

std::int32_t refuse_buffer(HostCall& call, Status status) noexcept {
  switch (status) {
    case Status::kStale:
      return call.refuse(EKD_E_STALE, "the buffer was sent or released already");
    case Status::kForeign:
      return call.refuse(EKD_E_FOREIGN, "the buffer belongs to another plugin instance");
    default:
      return call.refuse(EKD_E_INVALID, "what is given as the buffer is none");
  }
}

std::int32_t buffer_alloc(ekd_ctx* ctx, std::uint64_t size, ekd_buffer* out_buffer,
                          void** out_data) {
  HostCall call(ctx, Function::kChannelBufferAlloc);
  if (!call.admitted()) return call.refusal();
  if (out_buffer == nullptr || out_data == nullptr) {
    return call.refuse(EKD_E_INVALID, "out_buffer or out_data is NULL");
  }
  Handle buffer;
  BufferView view;
  const Status status = buffers(call).allocate(call.owner(), size, buffer, view);
  if (status != Status::kOk) return call.answer(status);
  *out_buffer = buffer.bits();
  *out_data = view.data;
  return EKD_OK;
}

std::int32_t buffer_retain(ekd_ctx* ctx, ekd_buffer buffer, ekd_buffer* out_buffer) {
  HostCall call(ctx, Function::kChannelBufferRetain, nullptr, buffer);
  if (!call.admitted()) return call.refusal();
  if (out_buffer == nullptr) return call.refuse(EKD_E_INVALID, "out_buffer is NULL");
  Handle another;
  const Status status = buffers(call).retain(call.owner(), Handle(buffer), another);
  if (status == Status::kOk) *out_buffer = another.bits();
  return call.answer(status);
}

std::int32_t buffer_release(ekd_ctx* ctx, ekd_buffer buffer) {
  HostCall call(ctx, Function::kChannelBufferRelease, nullptr, buffer);
  if (!call.admitted()) return call.refusal();
  return call.answer(buffers(call).release(call.owner(), Handle(buffer)));
}

std::int32_t buffer_data(ekd_ctx* ctx, ekd_buffer buffer, const void** out_data,
                         std::uint64_t* out_size) {
  HostCall call(ctx, Function::kChannelBufferData, nullptr, buffer);
  if (!call.admitted()) return call.refusal();
  BufferView view;
  const Status status = buffers(call).view(call.owner(), Handle(buffer), view);
  if (status != Status::kOk) return call.answer(status);
  if (out_data != nullptr) *out_data = view.data;
  if (out_size != nullptr) *out_size = view.size;
  return EKD_OK;
}

std::int32_t buffer_edit(ekd_ctx* ctx, ekd_buffer buffer, void** out_data,
                         std::uint64_t* out_size) {
  HostCall call(ctx, Function::kChannelBufferEdit, nullptr, buffer);
  if (!call.admitted()) return call.refusal();
  BufferView view;
  const Status status = buffers(call).edit(call.owner(), Handle(buffer), view);
  if (status != Status::kOk) return answer_sole(call, status);
  if (out_data != nullptr) *out_data = view.data;
  if (out_size != nullptr) *out_size = view.size;
  return EKD_OK;
}

std::int32_t buffer_trim(ekd_ctx* ctx, ekd_buffer buffer, std::uint64_t size) {
  HostCall call(ctx, Function::kChannelBufferTrim, nullptr, buffer);
  if (!call.admitted()) return call.refusal();
  return answer_sole(call, buffers(call).trim(call.owner(), Handle(buffer), size));
}

}  // namespace ekiden::daemon::host
