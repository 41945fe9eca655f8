#include "daemon/host/host_call.hpp"

#include "daemon/host/error_text.hpp"

namespace ekiden::daemon::host {

namespace presence = runtime::presence;

namespace {

// Calls with something that is no context at all belong to nobody.
MisuseCounters unknown_callers;
constexpr std::string_view kUnknownComponent = "host";

thread_local constinit bool thread_ends = false;

// Made right after the thread's presence record, hence destroyed right before it is handed back to
// other threads.
struct EndMark {
  ~EndMark() {
    thread_ends = true;
    detail::known_presence = nullptr;
  }
};

}  // namespace

presence::Record* detail::find_presence() noexcept {
  if (thread_ends) return nullptr;
  presence::Record* const record = &presence::this_thread();
  static thread_local const EndMark mark;
  static_cast<void>(mark);
  known_presence = record;
  return record;
}

void HostCall::refuse_unknown() noexcept {
  const std::string_view sentence = ctx_ == nullptr
                                        ? "the context is NULL: give the one that init received"
                                        : "the context is none: give the one that init received";
  const std::uint32_t times = unknown_callers.count(function_);
  if (is_worth_a_line(times)) log_misuse(kUnknownComponent, function_, handle_, sentence, times);
  refusal_ = fill_error(err_, EKD_E_INVALID, sentence);
}

void HostCall::refuse_late() noexcept {
  constexpr std::string_view kSentence = "the plugin instance is unloaded: the call comes too late";
  // relaxed: a counter publishes nothing but itself.
  const std::uint32_t times = ctx_->late_calls.fetch_add(1, std::memory_order_relaxed) + 1;
  if (is_worth_a_line(times)) log_misuse(ctx_->component, function_, handle_, kSentence, times);
  refusal_ = fill_error(err_, EKD_E_STALE, kSentence);
}

// A thread that is not in the instance's code: one that the plugin started, or one that is in
// another plugin's code and uses a context that it was not given.
void HostCall::enter_from_outside(presence::Record* record) noexcept {
  if (ctx_->state.load(std::memory_order_acquire) != ContextState::kLive) return refuse_late();
  if (record == nullptr) {
    refusal_ = fill_error(err_, EKD_E_WRONG_THREAD, "the thread is ending");
    return;
  }
  if (record->current.load(std::memory_order_relaxed) != presence::kNobody) {
    refusal_ = fill_error(err_, EKD_E_FOREIGN, "the context is another plugin instance's");
    const std::uint32_t times = unknown_callers.count(function_);
    if (is_worth_a_line(times)) {
      log_misuse(ctx_->component, function_, handle_,
                 "called with this context from within another plugin's code", times);
    }
    return;
  }
  // seq_cst, both: the pair that the head of host_call.hpp describes.
  presence::begin_visit(*record, ctx_->owner);
  if (ctx_->state.load(std::memory_order_seq_cst) != ContextState::kLive) {
    presence::end_visit(*record);
    return refuse_late();
  }
  visiting_ = record;
  instance_ = ctx_->live;
}

std::int32_t HostCall::refuse(std::int32_t code, std::string_view sentence) noexcept {
  if (is_misuse(code)) {
    const std::uint32_t times = instance_->misuse.count(function_);
    if (is_worth_a_line(times)) log_misuse(ctx_->component, function_, handle_, sentence, times);
  }
  return refuse_quietly(code, sentence);
}

std::int32_t HostCall::refuse_quietly(std::int32_t code, std::string_view sentence,
                                      int os_errno) noexcept {
  return fill_error(err_, code, sentence, os_errno);
}

std::int32_t HostCall::refuse_os(std::string_view what, int os_errno) noexcept {
  return fill_os_error(err_, what, os_errno);
}

}  // namespace ekiden::daemon::host
