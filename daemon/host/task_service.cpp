// ekd.task/1 on the runtime's tasks.
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/host/clean_name.hpp"
#include "daemon/host/error_text.hpp"
#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "daemon/logging/escape.hpp"
#include "runtime/blocking/pool_thread.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Handle;
using runtime::Runtime;
using runtime::SpawnOptions;
using runtime::Status;

// See services.hpp. relaxed would do for its readers: a waker reaches a plugin only after the
// runtime was set; release and acquire make that plain to tools.
runtime::Atomic<Runtime*> wake_runtime{nullptr};

bool is_alignment(std::uint32_t align, std::uint32_t max) noexcept {
  return align == 0 || (std::has_single_bit(align) && align <= max);
}

// --- Task types --------------------------------------------------------------------------------

// A sentence about what is wrong with a type's members, or nothing. `code` tells what to answer.
std::string_view find_type_fault(const ekd_task_type& type, std::int32_t& code) noexcept {
  code = EKD_E_INVALID;
  if (!is_readable(type.name)) return "name.data is NULL, but its size is not 0";
  if (type.name.size == 0 || type.name.size > kNameMaxBytes)
    return "name is not 1 to 63 bytes long";
  if (type.poll == nullptr) return "poll is NULL";
  if (!is_alignment(type.state_align, kStateAlignMax)) {
    return "state_align is no power of two up to 64";
  }
  code = EKD_E_TOO_BIG;
  if (type.state_size > EKD_TASK_STATE_MAX) return "state_size is over EKD_TASK_STATE_MAX";
  if (type.room_size > EKD_TASK_STATE_MAX - type.state_size)
    return "state_size and room_size together are over EKD_TASK_STATE_MAX";
  code = EKD_E_UNSUPPORTED;
  if (type.cancel > EKD_CANCEL_ASYNC) return "this host does not know that value of cancel";
  if (type.reserved != 0) return "reserved is not 0";
  code = EKD_OK;
  return {};
}

runtime::TaskTypeSpec spec_of(const ekd_task_type& type) {
  runtime::TaskTypeSpec spec;
  NameBuffer buffer;
  spec.name = clean_name(view_of(type.name), buffer);
  // The two signatures are the same in all but the name of the context's type: layout_check.cpp.
  spec.poll = reinterpret_cast<runtime::PollFn>(type.poll);
  spec.drop = type.drop;
  spec.state_size = type.state_size;
  spec.room_size = type.room_size;
  spec.state_align = type.state_align == 0 ? 16 : type.state_align;
  spec.cancel = static_cast<runtime::CancelMode>(type.cancel);
  return spec;
}

std::int32_t register_type(HostCall& call, const ekd_task_type& type, std::uint32_t* out_id) {
  const runtime::TaskTypeSpec spec = spec_of(type);
  runtime::TypeId id = 0;
  const Status status = call.runtime().type_register(call.owner(), spec, id);
  if (status != Status::kOk) return call.answer(status);
  *out_id = id;
  return EKD_OK;
}

std::int32_t type_register(ekd_ctx* ctx, const ekd_task_type* given, std::uint32_t* out_id,
                           ekd_error* err) {
  HostCall call(ctx, Function::kTaskTypeRegister, err);
  if (!call.admitted()) return call.refusal();
  if (out_id == nullptr) return call.refuse(EKD_E_INVALID, "out_id is NULL");
  ekd_task_type type;
  if (const StructFault fault = read_struct(given, type); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  std::int32_t code = EKD_OK;
  const std::string_view fault = find_type_fault(type, code);
  if (code != EKD_OK) return call.refuse(code, fault);
  return guarded(call, [&] { return register_type(call, type, out_id); });
}

// --- Spawning ----------------------------------------------------------------------------------

// A spawn's options, and the name that they point to.
struct ReadOptions : SpawnOptions {
  NameBuffer name_buffer;
};

// What calls, where it is no worker.
runtime::SpawnOrigin origin_of(const HostCall& call) {
  if (call.is_visit()) return runtime::SpawnOrigin::kOwnThread;
  return runtime::on_pool_thread ? runtime::SpawnOrigin::kJob : runtime::SpawnOrigin::kLifecycle;
}

// What NULL stands for. Made once: most spawns have no options.
const SpawnOptions& defaults_of(const HostCall& call) {
  constexpr auto from = [](runtime::SpawnOrigin origin) {
    SpawnOptions options;
    options.origin = origin;
    return options;
  };
  static constexpr SpawnOptions kLifecycle = from(runtime::SpawnOrigin::kLifecycle);
  static constexpr SpawnOptions kJob = from(runtime::SpawnOrigin::kJob);
  static constexpr SpawnOptions kOwnThread = from(runtime::SpawnOrigin::kOwnThread);
  if (call.is_visit()) return kOwnThread;
  return runtime::on_pool_thread ? kJob : kLifecycle;
}

// NULL stands for the defaults that `out` has.
std::int32_t read_options(HostCall& call, const ekd_spawn_options* given, ReadOptions& out) {
  if (given == nullptr) return EKD_OK;
  ekd_spawn_options options;
  if (const StructFault fault = read_struct(given, options); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  if ((options.flags & ~EKD_SPAWN_FLAGS_ALL) != 0) {
    return call.refuse(EKD_E_UNSUPPORTED, "this host does not know all of the flags");
  }
  if (options.priority != 0) return call.refuse(EKD_E_UNSUPPORTED, "priority is not 0");
  if (options.hint > EKD_HINT_LAST) {
    return call.refuse(EKD_E_UNSUPPORTED, "this host does not know that hint");
  }
  if (!is_readable(options.name)) {
    return call.refuse(EKD_E_INVALID, "name.data is NULL, but its size is not 0");
  }
  if (options.name.size > kNameMaxBytes) {
    return call.refuse(EKD_E_INVALID, "name is longer than 63 bytes");
  }
  out.join = (options.flags & EKD_SPAWN_JOIN) != 0;
  out.child = (options.flags & EKD_SPAWN_CHILD) != 0;
  if (options.name.size != 0) out.name = clean_name(view_of(options.name), out.name_buffer);
  out.parent = Handle(options.parent);
  out.hint = static_cast<runtime::SpawnHint>(options.hint);
  return EKD_OK;
}

std::int32_t reserve(ekd_ctx* ctx, std::uint32_t type, std::uint64_t size, std::uint32_t align,
                     void** out_state, ekd_task* out_task) {
  HostCall call(ctx, Function::kTaskReserve, nullptr, type);
  if (!call.admitted()) return call.refusal();
  if (out_state == nullptr || out_task == nullptr) {
    return call.refuse(EKD_E_INVALID, "out_state or out_task is NULL");
  }
  if (!is_alignment(align, kStateAlignMax)) {
    return call.refuse(EKD_E_INVALID, "align is no power of two up to 64");
  }
  if (size > EKD_TASK_STATE_MAX) return EKD_E_TOO_BIG;
  Handle task;
  const Status status = call.runtime().reserve(call.owner(), type, size, align, *out_state, task);
  if (status != Status::kOk) return call.answer(status);
  *out_task = task.bits();
  return EKD_OK;
}

std::int32_t commit(ekd_ctx* ctx, ekd_task task, const ekd_spawn_options* given) {
  HostCall call(ctx, Function::kTaskCommit, nullptr, task);
  if (!call.admitted()) return call.refusal();
  ReadOptions options;
  options.origin = origin_of(call);
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  return call.answer(call.runtime().commit(call.owner(), Handle(task), options));
}

std::int32_t commit_n(ekd_ctx* ctx, const ekd_task* tasks, std::uint64_t count,
                      const ekd_spawn_options* given, std::uint64_t* out_committed) {
  HostCall call(ctx, Function::kTaskCommitN);
  if (!call.admitted()) return call.refusal();
  if (out_committed == nullptr) return call.refuse(EKD_E_INVALID, "out_committed is NULL");
  *out_committed = 0;
  if ((tasks == nullptr && count != 0) || !is_aligned(tasks)) {
    return call.refuse(EKD_E_INVALID, "tasks is NULL or not aligned");
  }
  ReadOptions options;
  options.origin = origin_of(call);
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  std::size_t committed = 0;
  const Status status = call.runtime().commit_n(call.owner(), tasks, count, options, committed);
  *out_committed = committed;
  return call.answer(status);
}

std::int32_t discard(ekd_ctx* ctx, ekd_task task) {
  HostCall call(ctx, Function::kTaskDiscard, nullptr, task);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().discard(call.owner(), Handle(task)));
}

std::int32_t spawn_n(ekd_ctx* ctx, std::uint32_t type, const void* states, std::uint64_t size,
                     std::uint64_t stride, std::uint64_t count, const ekd_spawn_options* given,
                     ekd_task* out_tasks, std::uint64_t* out_spawned) {
  HostCall call(ctx, Function::kTaskSpawnN, nullptr, type);
  if (!call.admitted()) return call.refusal();
  if (out_spawned == nullptr) return call.refuse(EKD_E_INVALID, "out_spawned is NULL");
  *out_spawned = 0;
  if (states == nullptr && size != 0 && count != 0) {
    return call.refuse(EKD_E_INVALID, "states is NULL");
  }
  if (!is_aligned(out_tasks)) return call.refuse(EKD_E_INVALID, "out_tasks is not aligned");
  if (stride < size && count > 1) return call.refuse(EKD_E_INVALID, "stride is below size");
  ReadOptions options;
  options.origin = origin_of(call);
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  const runtime::NewTasks batch{call.owner(), type, states, size, stride, count};
  std::size_t spawned = 0;
  const Status status = call.runtime().spawn_n(batch, options, out_tasks, spawned);
  *out_spawned = spawned;
  return call.answer(status);
}

std::int32_t spawn_with(HostCall& call, std::uint32_t type, const void* state, std::uint64_t size,
                        const SpawnOptions& options, ekd_task* out_task) {
  Handle task;
  const Status status = call.runtime().spawn(call.owner(), type, state, size, options, task);
  if (status != Status::kOk) return call.answer(status);
  if (out_task != nullptr) *out_task = task.bits();
  return EKD_OK;
}

std::int32_t spawn(ekd_ctx* ctx, std::uint32_t type, const void* state, std::uint64_t size,
                   const ekd_spawn_options* given, ekd_task* out_task) {
  HostCall call(ctx, Function::kTaskSpawn, nullptr, type);
  if (!call.admitted()) return call.refusal();
  if (state == nullptr && size != 0) return call.refuse(EKD_E_INVALID, "state is NULL");
  if (given == nullptr) return spawn_with(call, type, state, size, defaults_of(call), out_task);
  ReadOptions options;
  options.origin = origin_of(call);
  if (const std::int32_t code = read_options(call, given, options); code != EKD_OK) return code;
  return spawn_with(call, type, state, size, options, out_task);
}

// --- Waking, joining, ending -------------------------------------------------------------------

void wake(ekd_waker waker) {
  Runtime* const runtime = wake_runtime.load(std::memory_order_acquire);
  if (runtime != nullptr) [[likely]]
    runtime->wake(runtime::Waker(waker));
}

// What a task ended with. The text of a failure goes to `err`.
ekd_join_result join_result_of(const runtime::JoinResult& joined, ekd_error* err) noexcept {
  ekd_join_result result{};
  result.status = code_of(joined.status);
  if (joined.status == Status::kOk) result.state = joined.state;
  if (joined.status == Status::kFailed) {
    fill_error(err, joined.fail_code < 0 ? joined.fail_code : EKD_E_FAILED, joined.fail_text);
  }
  return result;
}

std::int32_t join_poll(ekd_ctx* ctx, ekd_task task, ekd_waker waker, ekd_join_result* out,
                       ekd_error* err) {
  HostCall call(ctx, Function::kTaskJoinPoll, err, task);
  if (!call.admitted()) return call.refusal();
  std::uint32_t size = 0;
  if (const StructFault fault = check_struct(out, size); fault != StructFault::kNone) {
    return call.refuse(fault);
  }
  runtime::JoinResult joined;
  const Status status =
      call.runtime().join_poll(call.owner(), Handle(task), runtime::Waker(waker), joined);
  if (status != Status::kOk) return call.answer_poll(status);
  if (!call.spend_budget(waker)) return EKD_PENDING;
  write_struct(out, size, join_result_of(joined, err));
  return EKD_READY;
}

std::int32_t join_close(ekd_ctx* ctx, ekd_task task) {
  HostCall call(ctx, Function::kTaskJoinClose, nullptr, task);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().join_close(call.owner(), Handle(task)));
}

std::int32_t abort_task(ekd_ctx* ctx, ekd_task task) {
  HostCall call(ctx, Function::kTaskAbort, nullptr, task);
  if (!call.admitted()) return call.refusal();
  const Status status = call.runtime().abort(call.owner(), Handle(task));
  // Whoever aborts a detached task races with its end, and does nothing wrong where it loses.
  return status == Status::kStale ? EKD_E_STALE : call.answer(status);
}

std::int32_t children_poll(ekd_ctx* ctx) {
  HostCall call(ctx, Function::kTaskChildrenPoll);
  if (!call.admitted()) return call.refusal();
  return call.answer(call.runtime().children_poll(call.owner()));
}

std::int32_t fail(ekd_ctx* ctx, std::int32_t code, ekd_str text) {
  HostCall call(ctx, Function::kTaskFail);
  if (!call.admitted()) return call.refusal();
  if (code >= 0) return call.refuse(EKD_E_INVALID, "code is not below zero");
  if (!is_readable(text)) {
    return call.refuse(EKD_E_INVALID, "text.data is NULL, but its size is not 0");
  }
  const std::string_view kept = view_of(text).substr(0, EKD_ERROR_TEXT_BYTES - 1);
  return guarded(call, [&] {
    return call.answer(call.runtime().fail_text(call.owner(), code, escape_text(kept)));
  });
}

constexpr ekd_task_api kTable = {
    sizeof(ekd_task_api),
    0,
    type_register,
    reserve,
    commit,
    commit_n,
    discard,
    spawn,
    wake,
    join_poll,
    join_close,
    abort_task,
    children_poll,
    fail,
    spawn_n,
};

}  // namespace

const ekd_task_api& task_service() noexcept { return kTable; }

void set_wake_runtime(Runtime* runtime) noexcept {
  wake_runtime.store(runtime, std::memory_order_release);
}

}  // namespace ekiden::daemon::host
