// Calling into a plugin from its lifecycle thread: publishes whose code runs, catches what is
// thrown, and waits where the plugin answers "pending".
//
//   run ──> the callback returns a code ────────────────────────────> CallbackAnswer
//     └───> it returns EKD_PENDING ──lifecycle_done──────────────────> CallbackAnswer
//                                 └──the deadline, or give_up()──────> EKD_E_TIMED_OUT, _CANCELLED
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::daemon {

class Host;

struct CallbackAnswer {
  std::int32_t code = EKD_OK;
  std::string text;  // why, with a code below zero; never empty then
};

class CallbackRunner {
 public:
  using Callback = std::function<std::int32_t(ekd_error*)>;

  // `ctx` is live and outlives the last run().
  CallbackRunner(Host& host, ekd_ctx* ctx, runtime::OwnerId owner);
  CallbackRunner(const CallbackRunner&) = delete;
  CallbackRunner& operator=(const CallbackRunner&) = delete;

  // Calls it; one that answers EKD_PENDING has until `deadline_ns`. `name` is a literal: "start".
  // Lifecycle thread.
  CallbackAnswer run_pending(const char* name, runtime::Nanos deadline_ns,
                             const Callback& callback);
  // Calls one that must not answer EKD_PENDING. Lifecycle thread.
  CallbackAnswer run(const char* name, const Callback& callback);

  // Ends the wait for a pending one, now or later; what answers "pending" afterwards counts as
  // cancelled until allow_pending(). Any thread.
  void give_up();
  void allow_pending();

  // The callback whose code runs now and for how long, as "its start callback has not returned for
  // 1.2 s"; empty where none does. Any thread.
  std::string describe_running() const;

 private:
  struct Pending;

  CallbackAnswer call(const char* name, const Callback& callback);
  void publish(const char* name);
  CallbackAnswer wait(Pending& pending, const char* name, runtime::Nanos deadline_ns);

  Host& host_;
  ekd_ctx* const ctx_;
  const runtime::OwnerId owner_;

  mutable runtime::Mutex mutex_;
  const char* running_ EKIDEN_GUARDED_BY(mutex_) = nullptr;
  runtime::Nanos running_since_ns_ EKIDEN_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<Pending> pending_ EKIDEN_GUARDED_BY(mutex_);
  bool given_up_ EKIDEN_GUARDED_BY(mutex_) = false;
};

}  // namespace ekiden::daemon
