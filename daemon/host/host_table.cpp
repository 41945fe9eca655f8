// What init receives: the way to the services, and the answers to the daemon's own questions.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/host/call_table.hpp"
#include "daemon/host/error_text.hpp"
#include "daemon/host/host_call.hpp"
#include "daemon/host/json_check.hpp"
#include "daemon/host/services.hpp"

namespace ekiden::daemon::host {

namespace {

using runtime::Status;

// --- Services ----------------------------------------------------------------------------------

struct ServiceRow {
  std::string_view id;
  const void* table;
  std::uint32_t size;
};

const ServiceRow* find_service(std::string_view id) noexcept {
  static const std::array<ServiceRow, 8> rows = {{
      {EKD_TASK_ID, &task_service(), task_service().struct_size},
      {EKD_TIME_ID, &time_service(), time_service().struct_size},
      {EKD_IO_ID, &io_service(), io_service().struct_size},
      {EKD_BLOCKING_ID, &blocking_service(), blocking_service().struct_size},
      {EKD_CHANNEL_ID, &channel_service(), channel_service().struct_size},
      {EKD_LOG_ID, &log_service(), log_service().struct_size},
      {EKD_MEMORY_ID, &memory_service(), memory_service().struct_size},
      {EKD_METRICS_ID, &metrics_service(), metrics_service().struct_size},
  }};
  for (const ServiceRow& row : rows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

// Asking for a service that is not there is how a plugin finds out, so it is no misuse.
const void* get_ext(const char* id, std::uint32_t min_size) {
  if (id == nullptr) return nullptr;
  const ServiceRow* const row = find_service(id);
  return row != nullptr && row->size >= min_size ? row->table : nullptr;
}

// --- Lifecycle ---------------------------------------------------------------------------------

std::int32_t lifecycle_done(ekd_ctx* ctx, std::int32_t result, const ekd_error* err) {
  HostCall call(ctx, Function::kLifecycleDone);
  if (!call.admitted()) return call.refusal();
  if (result > 0) return call.refuse(EKD_E_INVALID, "result is neither EKD_OK nor below zero");
  return guarded(call, [&]() -> std::int32_t {
    std::string text = result < 0 ? error_text(err) : std::string();
    LifecycleDone done;
    {
      Instance& instance = call.instance();
      const runtime::MutexLock lock(instance.mutex);
      done = std::exchange(instance.lifecycle_done, nullptr);
    }
    // No misuse: a plugin cannot know that the deadline of its drain has passed.
    if (!done) {
      return call.refuse_quietly(EKD_E_WRONG_STATE, "no lifecycle callback is pending");
    }
    done(result, std::move(text));
    return EKD_OK;
  });
}

// --- Commands ----------------------------------------------------------------------------------

// What the caller of the command is told, and what the plugin.
struct CheckedReply {
  std::int32_t code;
  std::string_view sentence;  // for the plugin, with a code below zero
  CallAnswer answer;
};

CheckedReply check_result(ekd_str json) {
  const std::string_view text = view_of(json);
  if (text.empty()) return {EKD_OK, {}, {EKD_OK, "null", {}}};
  std::string fault = find_json_fault(text);
  if (fault.empty()) return {EKD_OK, {}, {EKD_OK, json_in_one_line(text), {}}};
  const bool too_big = text.size() > kReplyMaxBytes;
  return {too_big ? EKD_E_TOO_BIG : EKD_E_INVALID,
          too_big ? "the answer is over 1 MiB" : "the answer is not JSON, or nested too deep",
          {EKD_E_FAILED, {}, "the plugin's answer " + fault}};
}

CheckedReply check_failure(std::int32_t code, const ekd_error* err) {
  std::string text = error_text(err);
  if (text.empty()) text = sentence_of(code);
  return {EKD_OK, {}, {code, {}, std::move(text)}};
}

std::int32_t reply(HostCall& call, ekd_call handle, CheckedReply checked) {
  AnswerFn answer;
  const Status status = call.instance().calls.take(call.ctx(), handle, answer);
  // The caller's time may have run out a moment ago: nobody's fault.
  if (status == Status::kStale) {
    return call.refuse_quietly(EKD_E_STALE, "the call is answered already, or its time is up");
  }
  if (status != Status::kOk) return call.answer(status);
  answer(std::move(checked.answer));
  return checked.code == EKD_OK ? EKD_OK : call.refuse(checked.code, checked.sentence);
}

std::int32_t call_reply(ekd_ctx* ctx, ekd_call handle, std::int32_t code, ekd_str json,
                        const ekd_error* err) {
  HostCall call(ctx, Function::kCallReply, nullptr, handle);
  if (!call.admitted()) return call.refusal();
  if (code > 0) return call.refuse(EKD_E_INVALID, "code is neither EKD_OK nor below zero");
  if (code == EKD_OK && !is_readable(json)) {
    return call.refuse(EKD_E_INVALID, "json.data is NULL, but its size is not 0");
  }
  return guarded(call, [&] {
    return reply(call, handle, code == EKD_OK ? check_result(json) : check_failure(code, err));
  });
}

// --- Progress ----------------------------------------------------------------------------------

// Ends a call that nobody waits for: what the plugin still answers goes nowhere, and its slot is
// free now and not when its time is up.
std::int32_t abandon(HostCall& call, ekd_call handle) {
  AnswerFn answer;
  if (call.instance().calls.take(call.ctx(), handle, answer) == Status::kOk) {
    answer({EKD_E_CANCELLED, {}, "nobody waits for the answer any more"});
  }
  return call.refuse_quietly(EKD_E_CANCELLED, "nobody waits for the answer any more");
}

std::int32_t tell_progress(HostCall& call, ekd_call handle, std::string_view text) {
  if (text.size() > kProgressMaxBytes) {
    return call.refuse(EKD_E_TOO_BIG, "the progress is over 64 KiB");
  }
  if (!find_json_fault(text, {kProgressMaxBytes, kProgressMaxDepth}).empty()) {
    return call.refuse(EKD_E_INVALID, "the progress is not JSON, or nested too deep");
  }
  std::shared_ptr<const ProgressFn> progress;
  const Status status = call.instance().calls.progress_of(call.ctx(), handle, progress);
  // Answered, by its deadline perhaps, which a plugin cannot know: for it that is the same as a
  // client that has gone.
  if (status == Status::kStale) return abandon(call, handle);
  if (status != Status::kOk) return call.answer(status);
  if (progress == nullptr || (*progress)(json_in_one_line(text))) return EKD_OK;
  return abandon(call, handle);
}

std::int32_t call_progress(ekd_ctx* ctx, ekd_call handle, ekd_str json) {
  HostCall call(ctx, Function::kCallProgress, nullptr, handle);
  if (!call.admitted()) return call.refusal();
  if (!is_readable(json)) {
    return call.refuse(EKD_E_INVALID, "json.data is NULL, but its size is not 0");
  }
  return guarded(call, [&] { return tell_progress(call, handle, view_of(json)); });
}

constexpr ekd_host kTable = {
    sizeof(ekd_host), EKD_ABI_MAJOR, EKD_ABI_MINOR, get_ext,
    lifecycle_done,   call_reply,    call_progress,
};

}  // namespace

const ekd_host& host_table() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
