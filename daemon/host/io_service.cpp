// ekd.io/1 on the runtime's reactor.
#include <cstring>
#include <string>

#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "runtime/reactor/reactor.hpp"
#include "runtime/reactor/sockets.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Handle;
using runtime::Interest;
using runtime::Readiness;
using runtime::Status;
using runtime::Waker;

constexpr std::uint64_t kAddressBufferMinBytes = 64;
constexpr std::uint32_t kInterestAll = EKD_IO_READABLE | EKD_IO_WRITABLE;

// --- Answers -----------------------------------------------------------------------------------

// What the reactor says of one system call. `what` names it.
std::int32_t answer_io(HostCall& call, Status status, std::string_view what, int os_error) {
  if (status == Status::kOsError) return call.refuse_os(what, os_error);
  return call.answer_poll(status);
}

// What it says of making a socket. A wrong address comes from a configuration as a rule, so it is
// for the caller to tell.
std::int32_t answer_made(HostCall& call, Status status, Handle made, int os_error,
                         const std::string& text, ekd_io* out_io) {
  if (status == Status::kOk) {
    *out_io = made.bits();
    return EKD_OK;
  }
  const bool explained = status == Status::kInvalid || status == Status::kOsError;
  return explained ? call.refuse_quietly(code_of(status), text, os_error) : call.answer(status);
}

// For whatever makes a source: is there somewhere to put it, and may it be made?
std::int32_t admit_new(HostCall& call, const ekd_io* out_io) {
  if (out_io == nullptr) return call.refuse(EKD_E_INVALID, "out_io is NULL");
  return call.runtime().admits(call.owner()) ? EKD_OK : call.answer(Status::kDraining);
}

// Whether a call in this direction goes on now. It takes from the budget only where the source may
// be ready: a task that asks hundreds of quiet connections in turn spends nothing on them, and so
// comes to wait for all of them. Were each question paid for, it would be woken again and again and
// never get past the first hundred.
bool may_go_on(HostCall& call, ekd_io io, Interest interest, ekd_waker waker) {
  if (waker == 0) return true;
  Readiness seen;
  const Status known =
      call.runtime().reactor().poll_ready(call.owner(), Handle(io), interest, Waker(), seen);
  return known != Status::kOk || call.spend_budget(waker);
}

// The same within a read or write, so that the source is looked up once.
class BudgetGate final : public runtime::TryGate {
 public:
  BudgetGate(HostCall& call, ekd_waker waker) : call_(call), waker_(waker) {}

  bool may_try() noexcept override {
    spent_ = !call_.spend_budget(waker_);
    return !spent_;
  }
  // Then the task was asked to yield, and waits for nothing.
  bool is_spent() const { return spent_; }

 private:
  HostCall& call_;
  const ekd_waker waker_;
  bool spent_ = false;
};

// --- Making sockets ----------------------------------------------------------------------------

std::int32_t read_options(HostCall& call, const ekd_listen_options* given,
                          runtime::ListenOptions& out) {
  if (given == nullptr) return EKD_OK;
  ekd_listen_options options;
  if (const StructFault fault = read_struct(given, options); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  if ((options.flags & ~EKD_LISTEN_FLAGS_ALL) != 0) {
    return call.refuse(EKD_E_UNSUPPORTED, "this host does not know all of the flags");
  }
  if (options.reserved != 0) return call.refuse(EKD_E_UNSUPPORTED, "reserved is not 0");
  if (options.backlog > INT32_MAX) return call.refuse(EKD_E_INVALID, "backlog is over 2^31 - 1");
  if (options.backlog != 0) out.backlog = static_cast<int>(options.backlog);
  out.reuse_port = (options.flags & EKD_LISTEN_REUSE_PORT) != 0;
  return EKD_OK;
}

std::int32_t tcp_listen(ekd_ctx* ctx, ekd_str address, const ekd_listen_options* given,
                        ekd_io* out_io, ekd_error* err) {
  HostCall call(ctx, Function::kIoTcpListen, err);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = admit_new(call, out_io); code != EKD_OK) return code;
  if (!is_readable(address)) return call.refuse(EKD_E_INVALID, "address.data is NULL");
  runtime::ListenOptions options;
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  return guarded(call, [&] {
    Handle made;
    int os_error = 0;
    std::string text;
    const Status status = runtime::tcp_listen(call.runtime().reactor(), call.owner(),
                                              view_of(address), options, made, os_error, text);
    return answer_made(call, status, made, os_error, text, out_io);
  });
}

std::int32_t tcp_connect(ekd_ctx* ctx, ekd_str address, ekd_io* out_io, ekd_error* err) {
  HostCall call(ctx, Function::kIoTcpConnect, err);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = admit_new(call, out_io); code != EKD_OK) return code;
  if (!is_readable(address)) return call.refuse(EKD_E_INVALID, "address.data is NULL");
  return guarded(call, [&] {
    Handle made;
    int os_error = 0;
    std::string text;
    const Status status = runtime::tcp_connect(call.runtime().reactor(), call.owner(),
                                               view_of(address), made, os_error, text);
    return answer_made(call, status, made, os_error, text, out_io);
  });
}

std::int32_t connect_poll(ekd_ctx* ctx, ekd_io io, ekd_waker waker, ekd_error* err) {
  HostCall call(ctx, Function::kIoConnectPoll, err, io);
  if (!call.admitted()) return call.refusal();
  if (!may_go_on(call, io, Interest::kWrite, waker)) return EKD_PENDING;
  int os_error = 0;
  const Status status = runtime::connect_result(call.runtime().reactor(), call.owner(), Handle(io),
                                                Waker(waker), os_error);
  return answer_io(call, status, "connect", os_error);
}

std::int32_t accept(ekd_ctx* ctx, ekd_io listener, ekd_waker waker, ekd_io* out_io,
                    ekd_error* err) {
  HostCall call(ctx, Function::kIoAccept, err, listener);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = admit_new(call, out_io); code != EKD_OK) return code;
  if (!may_go_on(call, listener, Interest::kRead, waker)) return EKD_PENDING;
  Handle made;
  int os_error = 0;
  const Status status = runtime::accept(call.runtime().reactor(), call.owner(), Handle(listener),
                                        Waker(waker), made, os_error);
  if (status == Status::kOk) *out_io = made.bits();
  return answer_io(call, status, "accept", os_error);
}

std::int32_t adopt(ekd_ctx* ctx, std::int32_t fd, ekd_io* out_io, ekd_error* err) {
  HostCall call(ctx, Function::kIoAdopt, err);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = admit_new(call, out_io); code != EKD_OK) return code;
  Handle made;
  int os_error = 0;
  const Status status = call.runtime().reactor().adopt(call.owner(), fd, made, os_error);
  if (status == Status::kOk) *out_io = made.bits();
  return answer_io(call, status, "taking the descriptor over", os_error);
}

// --- Reading and writing -----------------------------------------------------------------------

std::int32_t read(ekd_ctx* ctx, ekd_io io, ekd_waker waker, void* buffer, std::uint64_t size,
                  std::uint64_t* out_size, ekd_error* err) {
  HostCall call(ctx, Function::kIoRead, err, io);
  if (!call.admitted()) return call.refusal();
  if (buffer == nullptr || size == 0 || out_size == nullptr) {
    return call.refuse(EKD_E_INVALID, "buffer or out_size is NULL, or size is 0");
  }
  BudgetGate gate(call, waker);
  std::size_t count = 0;
  int os_error = 0;
  const Status status = call.runtime().reactor().read(call.owner(), Handle(io), Waker(waker),
                                                      buffer, size, count, os_error, &gate);
  if (gate.is_spent()) return EKD_PENDING;
  if (status == Status::kOk) *out_size = count;
  return answer_io(call, status, "read", os_error);
}

std::int32_t write(ekd_ctx* ctx, ekd_io io, ekd_waker waker, const void* data, std::uint64_t size,
                   std::uint64_t* out_size, ekd_error* err) {
  HostCall call(ctx, Function::kIoWrite, err, io);
  if (!call.admitted()) return call.refusal();
  if ((data == nullptr && size != 0) || out_size == nullptr) {
    return call.refuse(EKD_E_INVALID, "data or out_size is NULL");
  }
  BudgetGate gate(call, waker);
  std::size_t count = 0;
  int os_error = 0;
  const Status status = call.runtime().reactor().write(call.owner(), Handle(io), Waker(waker), data,
                                                       size, count, os_error, &gate);
  if (gate.is_spent()) return EKD_PENDING;
  if (status == Status::kOk) *out_size = count;
  return answer_io(call, status, "write", os_error);
}

std::int32_t shutdown_write(ekd_ctx* ctx, ekd_io io, ekd_error* err) {
  HostCall call(ctx, Function::kIoShutdownWrite, err, io);
  if (!call.admitted()) return call.refusal();
  int os_error = 0;
  const Status status =
      runtime::shutdown_write(call.runtime().reactor(), call.owner(), Handle(io), os_error);
  return answer_io(call, status, "shutdown", os_error);
}

// --- Readiness of descriptors that the plugin reads itself -------------------------------------

std::int32_t check_interest(HostCall& call, std::uint32_t interest) {
  if (interest == 0) return call.refuse(EKD_E_INVALID, "interest is 0");
  if ((interest & ~kInterestAll) == 0) return EKD_OK;
  return call.refuse(EKD_E_UNSUPPORTED, "this host does not know all bits of interest");
}

// kOk when one of the directions is ready; else the waker was left in each that was asked for.
Status poll_directions(HostCall& call, Handle io, std::uint32_t interest, Waker waker,
                       Readiness& out) {
  runtime::Reactor& reactor = call.runtime().reactor();
  Status status = Status::kPending;
  if ((interest & EKD_IO_READABLE) != 0) {
    status = reactor.poll_ready(call.owner(), io, Interest::kRead, waker, out);
  }
  if (status == Status::kPending && (interest & EKD_IO_WRITABLE) != 0) {
    status = reactor.poll_ready(call.owner(), io, Interest::kWrite, waker, out);
  }
  return status;
}

std::int32_t ready_poll(ekd_ctx* ctx, ekd_io io, std::uint32_t interest, ekd_waker waker,
                        std::uint64_t* out_ready) {
  HostCall call(ctx, Function::kIoReadyPoll, nullptr, io);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = check_interest(call, interest); code != EKD_OK) return code;
  Readiness seen;
  const Status status = poll_directions(call, Handle(io), interest, Waker(waker), seen);
  // Readiness stays until it is cleared: asking the task to yield loses nothing.
  if (status == Status::kOk && !call.spend_budget(waker)) return EKD_PENDING;
  if (status == Status::kOk && out_ready != nullptr) *out_ready = seen.bits();
  return call.answer_poll(status);
}

std::int32_t clear_ready(ekd_ctx* ctx, ekd_io io, std::uint32_t interest, std::uint64_t ready) {
  HostCall call(ctx, Function::kIoClearReady, nullptr, io);
  if (!call.admitted()) return call.refusal();
  if (const std::int32_t code = check_interest(call, interest); code != EKD_OK) return code;
  runtime::Reactor& reactor = call.runtime().reactor();
  Status status = Status::kOk;
  if ((interest & EKD_IO_READABLE) != 0) {
    status = reactor.clear_ready(call.owner(), Handle(io), Interest::kRead, Readiness(ready));
  }
  if (status == Status::kOk && (interest & EKD_IO_WRITABLE) != 0) {
    status = reactor.clear_ready(call.owner(), Handle(io), Interest::kWrite, Readiness(ready));
  }
  return call.answer(status);
}

std::int32_t fd(ekd_ctx* ctx, ekd_io io, std::int32_t* out_fd) {
  HostCall call(ctx, Function::kIoFd, nullptr, io);
  if (!call.admitted()) return call.refusal();
  if (out_fd == nullptr) return call.refuse(EKD_E_INVALID, "out_fd is NULL");
  const Status status = call.runtime().reactor().with_descriptor(
      call.owner(), Handle(io), [&](int descriptor) { *out_fd = descriptor; });
  return call.answer(status);
}

// --- Properties --------------------------------------------------------------------------------

using AddressOf = Status (*)(runtime::Reactor&, runtime::OwnerId, Handle, std::string&);

std::int32_t write_address(HostCall& call, ekd_io io, AddressOf address_of, char* buffer,
                           std::uint64_t size) {
  if (buffer == nullptr) return call.refuse(EKD_E_INVALID, "buffer is NULL");
  if (size < kAddressBufferMinBytes) return EKD_E_TOO_BIG;
  return guarded(call, [&]() -> std::int32_t {
    std::string text;
    const Status status = address_of(call.runtime().reactor(), call.owner(), Handle(io), text);
    if (status != Status::kOk) return call.answer(status);
    if (text.size() >= size) return EKD_E_TOO_BIG;
    std::memcpy(buffer, text.c_str(), text.size() + 1);
    return EKD_OK;
  });
}

std::int32_t local_address(ekd_ctx* ctx, ekd_io io, char* buffer, std::uint64_t size) {
  HostCall call(ctx, Function::kIoLocalAddress, nullptr, io);
  if (!call.admitted()) return call.refusal();
  return write_address(call, io, &runtime::local_address, buffer, size);
}

std::int32_t peer_address(ekd_ctx* ctx, ekd_io io, char* buffer, std::uint64_t size) {
  HostCall call(ctx, Function::kIoPeerAddress, nullptr, io);
  if (!call.admitted()) return call.refusal();
  return write_address(call, io, &runtime::peer_address, buffer, size);
}

std::int32_t set_nodelay(ekd_ctx* ctx, ekd_io io, std::uint32_t on, ekd_error* err) {
  HostCall call(ctx, Function::kIoSetNodelay, err, io);
  if (!call.admitted()) return call.refusal();
  int os_error = 0;
  const Status status =
      runtime::set_nodelay(call.runtime().reactor(), call.owner(), Handle(io), on != 0, os_error);
  return answer_io(call, status, "TCP_NODELAY", os_error);
}

std::int32_t close(ekd_ctx* ctx, ekd_io io) {
  HostCall call(ctx, Function::kIoClose, nullptr, io);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().reactor().close(call.owner(), Handle(io)));
}

constexpr ekd_io_api kTable = {
    sizeof(ekd_io_api),
    0,
    tcp_listen,
    tcp_connect,
    connect_poll,
    accept,
    read,
    write,
    shutdown_write,
    adopt,
    ready_poll,
    clear_ready,
    fd,
    local_address,
    peer_address,
    set_nodelay,
    close,
};

}  // namespace

const ekd_io_api& io_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
