// ekd.channel/1 on the runtime's channels: the ends. Buffers: channel_buffers.cpp.
#include <string>

#include "daemon/host/channel_buffers.hpp"
#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "runtime/channel/channels.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Channels;
using runtime::Handle;
using runtime::HandleKind;
using runtime::OpenFault;
using runtime::Status;
using runtime::Waker;

static_assert(EKD_CHANNEL_NAME_MAX == runtime::kChannelNameMaxBytes);
static_assert(EKD_CHANNEL_CAPACITY_MAX == runtime::kChannelCapacityMax);
static_assert(EKD_BUFFER_SIZE_MAX == runtime::kBufferMaxBytes);

// --- Opening -----------------------------------------------------------------------------------

// Names and capacities come from configurations as a rule, so it is for the caller to tell what is
// wrong with them.
std::int32_t answer_open(HostCall& call, OpenFault fault, std::string_view name,
                         std::uint32_t capacity) {
  const auto channel = [&] { return "the channel '" + std::string(name) + "' "; };
  switch (fault) {
    case OpenFault::kNone:
      return EKD_OK;
    case OpenFault::kBadName:
      return call.refuse_quietly(EKD_E_INVALID,
                                 "a channel's name is [a-z][a-z0-9_.]*, at most 63 bytes");
    case OpenFault::kBadCapacity:
      return call.refuse_quietly(EKD_E_TOO_BIG, "a channel's capacity is at most 65536 messages");
    case OpenFault::kOtherCapacity:
      return call.refuse_quietly(EKD_E_INVALID, channel() + "has a capacity of " +
                                                    std::to_string(capacity) +
                                                    " messages: ask for that, or for 0");
    case OpenFault::kMissing:
      return call.refuse_quietly(EKD_E_NOT_FOUND,
                                 channel() + "does not exist: give a capacity to make it");
    case OpenFault::kClosed:
      return call.refuse_quietly(EKD_E_CLOSED,
                                 channel() + "is closed, and messages wait in it to be received");
    case OpenFault::kTooMany:
      return call.refuse_quietly(EKD_E_LIMIT, "there are 1024 channels, and no more are made");
    case OpenFault::kNoMemory:
      return call.answer(Status::kNoMemory);
  }
  return EKD_E_INTERNAL;
}

std::int32_t read_options(HostCall& call, const ekd_channel_options* given,
                          std::uint32_t& capacity) {
  if (given == nullptr) return EKD_OK;
  ekd_channel_options options;
  if (const StructFault fault = read_struct(given, options); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  if (options.flags != 0) return call.refuse(EKD_E_UNSUPPORTED, "flags is not 0");
  if (options.reserved != 0) return call.refuse(EKD_E_UNSUPPORTED, "reserved is not 0");
  capacity = options.capacity;
  return EKD_OK;
}

std::int32_t open_end(HostCall& call, HandleKind kind, ekd_str name,
                      const ekd_channel_options* given, std::uint64_t* out) {
  if (!call.admitted()) return call.refusal();
  if (out == nullptr) return call.refuse(EKD_E_INVALID, "there is nowhere to put the handle");
  if (!is_readable(name)) return call.refuse(EKD_E_INVALID, "name.data is NULL");
  std::uint32_t capacity = 0;
  if (const std::int32_t code = read_options(call, given, capacity); code != EKD_OK) return code;
  if (!call.runtime().admits(call.owner())) return call.answer(Status::kDraining);
  return guarded(call, [&] {
    Handle end;
    const OpenFault fault =
        call.runtime().channels().open(call.owner(), kind, view_of(name), capacity, end);
    if (fault == OpenFault::kNone) *out = end.bits();
    return answer_open(call, fault, view_of(name), capacity);
  });
}

std::int32_t open_sender(ekd_ctx* ctx, ekd_str name, const ekd_channel_options* options,
                         ekd_sender* out_sender, ekd_error* err) {
  HostCall call(ctx, Function::kChannelOpenSender, err);
  return open_end(call, HandleKind::kSender, name, options, out_sender);
}

std::int32_t open_receiver(ekd_ctx* ctx, ekd_str name, const ekd_channel_options* options,
                           ekd_receiver* out_receiver, ekd_error* err) {
  HostCall call(ctx, Function::kChannelOpenReceiver, err);
  return open_end(call, HandleKind::kReceiver, name, options, out_receiver);
}

// --- Messages ----------------------------------------------------------------------------------

// As for descriptors, a poll is paid for only where it finds something: a task that asks hundreds
// of quiet channels in turn comes to wait for all of them.

std::int32_t send_poll(ekd_ctx* ctx, ekd_sender sender, ekd_buffer buffer, ekd_waker waker) {
  HostCall call(ctx, Function::kChannelSendPoll, nullptr, sender);
  if (!call.admitted()) return call.refusal();
  Channels& channels = call.runtime().channels();
  runtime::BufferView message;
  const Status known = channels.buffers().view(call.owner(), Handle(buffer), message);
  if (known != Status::kOk) return refuse_buffer(call, known);
  if (waker != 0 && channels.may_send(call.owner(), Handle(sender), message.size) == Status::kOk &&
      !call.spend_budget(waker)) {
    return EKD_PENDING;
  }
  return call.answer_poll(
      channels.send_poll(call.owner(), Handle(sender), Handle(buffer), message.size, Waker(waker)));
}

std::int32_t recv_poll(ekd_ctx* ctx, ekd_receiver receiver, ekd_waker waker,
                       ekd_buffer* out_buffer) {
  HostCall call(ctx, Function::kChannelRecvPoll, nullptr, receiver);
  if (!call.admitted()) return call.refusal();
  if (out_buffer == nullptr) return call.refuse(EKD_E_INVALID, "out_buffer is NULL");
  Channels& channels = call.runtime().channels();
  if (waker != 0 && channels.may_receive(call.owner(), Handle(receiver)) == Status::kOk &&
      !call.spend_budget(waker)) {
    return EKD_PENDING;
  }
  Handle message;
  const Status status =
      channels.receive_poll(call.owner(), Handle(receiver), Waker(waker), message);
  if (status == Status::kOk) *out_buffer = message.bits();
  return call.answer_poll(status);
}

// --- An end, as it is --------------------------------------------------------------------------

// Runs body(channels, handle) where the handle is of that kind.
template <class Body>
std::int32_t with_end(ekd_ctx* ctx, Function function, std::uint64_t end, HandleKind kind,
                      Body body) {
  HostCall call(ctx, function, nullptr, end);
  if (!call.admitted()) return call.refusal();
  if (Handle(end).kind() != kind) return call.answer(Status::kInvalid);
  return call.answer(body(call.runtime().channels(), call.owner(), Handle(end)));
}

constexpr auto kCancel = [](Channels& channels, runtime::OwnerId owner, Handle end) {
  return channels.cancel_wait(owner, end);
};
constexpr auto kClose = [](Channels& channels, runtime::OwnerId owner, Handle end) {
  return channels.close(owner, end);
};

std::int32_t send_cancel(ekd_ctx* ctx, ekd_sender sender) {
  return with_end(ctx, Function::kChannelSendCancel, sender, HandleKind::kSender, kCancel);
}

std::int32_t recv_cancel(ekd_ctx* ctx, ekd_receiver receiver) {
  return with_end(ctx, Function::kChannelRecvCancel, receiver, HandleKind::kReceiver, kCancel);
}

std::int32_t sender_close(ekd_ctx* ctx, ekd_sender sender) {
  return with_end(ctx, Function::kChannelSenderClose, sender, HandleKind::kSender, kClose);
}

std::int32_t receiver_close(ekd_ctx* ctx, ekd_receiver receiver) {
  return with_end(ctx, Function::kChannelReceiverClose, receiver, HandleKind::kReceiver, kClose);
}

std::int32_t channel_close(ekd_ctx* ctx, std::uint64_t end) {
  HostCall call(ctx, Function::kChannelClose, nullptr, end);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().channels().close_channel(call.owner(), Handle(end)));
}

std::int32_t channel_info(ekd_ctx* ctx, std::uint64_t end, ekd_channel_info* info) {
  HostCall call(ctx, Function::kChannelInfo, nullptr, end);
  if (!call.admitted()) return call.refusal();
  std::uint32_t size = 0;
  if (const StructFault fault = check_struct(info, size); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  return guarded(call, [&] {
    runtime::ChannelInfo known;
    const Status status = call.runtime().channels().info(call.owner(), Handle(end), known);
    if (status != Status::kOk) return call.answer(status);
    ekd_channel_info value{};
    value.closed = known.closed ? 1 : 0;
    value.capacity = known.capacity;
    value.queued = known.queued;
    value.queued_bytes = known.queued_bytes;
    value.senders = known.senders;
    value.receivers = known.receivers;
    write_struct(info, size, value);
    return EKD_OK;
  });
}

constexpr ekd_channel_api kTable = {
    sizeof(ekd_channel_api),
    0,
    buffer_alloc,
    buffer_retain,
    buffer_release,
    buffer_data,
    buffer_edit,
    buffer_trim,
    open_sender,
    open_receiver,
    send_poll,
    send_cancel,
    recv_poll,
    recv_cancel,
    channel_info,
    channel_close,
    sender_close,
    receiver_close,
};

}  // namespace

const ekd_channel_api& channel_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
