#include "daemon/plugins/callback.hpp"

#include <cxxabi.h>

#include <exception>
#include <optional>
#include <utility>

#include "daemon/host/error_text.hpp"
#include "daemon/host/host.hpp"
#include "daemon/host/status_code.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "runtime/task/presence.hpp"

namespace ekiden::daemon {
namespace {

CallbackAnswer answer_of(std::int32_t code, std::string text) {
  if (code < 0 && text.empty()) text = host::sentence_of(code);
  return {code, std::move(text)};
}

CallbackAnswer not_a_result(const char* name, std::int32_t code) {
  return {EKD_E_FAILED, std::string(name) + " returned " + std::to_string(code) +
                            ", which is no result; expected EKD_OK or a code below zero"};
}

}  // namespace

// Shared with the host, which may end it when nobody waits any more.
struct CallbackRunner::Pending {
  runtime::Mutex mutex;
  runtime::ConditionVariable changed;
  std::optional<CallbackAnswer> answer EKIDEN_GUARDED_BY(mutex);

  // The first answer counts.
  void end(CallbackAnswer with) {
    {
      runtime::MutexLock lock(mutex);
      if (!answer) answer = std::move(with);
    }
    changed.notify_all();
  }
};

CallbackRunner::CallbackRunner(Host& host, ekd_ctx* ctx, runtime::OwnerId owner)
    : host_(host), ctx_(ctx), owner_(owner) {}

CallbackAnswer CallbackRunner::run_pending(const char* name, runtime::Nanos deadline_ns,
                                           const Callback& callback) {
  const auto pending = std::make_shared<Pending>();
  host_.expect_lifecycle_done(ctx_, [pending](std::int32_t code, std::string text) {
    pending->end(answer_of(code, std::move(text)));
  });
  {
    runtime::MutexLock lock(mutex_);
    pending_ = pending;
    if (given_up_) pending->end({EKD_E_CANCELLED, "given up: the plugin is to be unloaded"});
  }
  CallbackAnswer answer = call(name, callback);
  if (answer.code == EKD_PENDING) answer = wait(*pending, name, deadline_ns);
  host_.forget_lifecycle_done(ctx_);
  runtime::MutexLock lock(mutex_);
  pending_.reset();
  return answer;
}

CallbackAnswer CallbackRunner::run(const char* name, const Callback& callback) {
  const CallbackAnswer answer = call(name, callback);
  return answer.code > 0 ? not_a_result(name, answer.code) : answer;
}

CallbackAnswer CallbackRunner::call(const char* name, const Callback& callback) {
  ekd_error error = ekd_error_init();
  CallbackAnswer answer;
  publish(name);
  try {
    const runtime::PresenceScope scope(owner_);
    answer.code = callback(&error);
    // A text without a code below zero means nothing.
    if (answer.code < 0) answer = answer_of(answer.code, host::error_text(&error));
  } catch (const abi::__forced_unwind&) {
    publish(nullptr);
    throw;
  } catch (const std::exception& e) {
    // The text is copied here, and the object goes at the end of the handler, while its type is
    // still loaded.
    answer = {EKD_E_FAILED, std::string(name) + " threw an exception: " + e.what()};
  } catch (...) {
    answer = {EKD_E_FAILED, std::string(name) + " threw something that is no std::exception"};
  }
  publish(nullptr);
  return answer.code > EKD_PENDING ? not_a_result(name, answer.code) : answer;
}

CallbackAnswer CallbackRunner::wait(Pending& pending, const char* name,
                                    runtime::Nanos deadline_ns) {
  runtime::MutexLock lock(pending.mutex);
  while (!pending.answer) {
    const auto woken = pending.changed.wait_until(pending.mutex, steady_time(deadline_ns));
    if (woken == std::cv_status::timeout && !pending.answer) {
      return {EKD_E_TIMED_OUT, std::string(name) +
                                   " answered EKD_PENDING and did not call "
                                   "lifecycle_done in time"};
    }
  }
  return *pending.answer;
}

void CallbackRunner::give_up() {
  std::shared_ptr<Pending> pending;
  {
    runtime::MutexLock lock(mutex_);
    given_up_ = true;
    pending = pending_;
  }
  if (pending) pending->end({EKD_E_CANCELLED, "given up: the plugin is to be unloaded"});
}

void CallbackRunner::allow_pending() {
  runtime::MutexLock lock(mutex_);
  given_up_ = false;
}

void CallbackRunner::publish(const char* name) {
  runtime::MutexLock lock(mutex_);
  running_ = name;
  running_since_ns_ = steady_now_ns();
}

std::string CallbackRunner::describe_running() const {
  runtime::MutexLock lock(mutex_);
  if (running_ == nullptr) return {};
  return "its " + std::string(running_) + " callback has not returned for " +
         duration_text(steady_now_ns() - running_since_ns_);
}

}  // namespace ekiden::daemon
