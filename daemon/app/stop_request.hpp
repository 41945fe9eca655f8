// Somebody wants the daemon to stop: a signal, or a client. Asked for once or many times, told
// once.
#pragma once

#include <functional>
#include <utility>

#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

// Any thread may call any member.
class StopRequest {
 public:
  // The first call runs what was set and then ends wait(); the others do nothing. Does not wait.
  void request() {
    std::function<void()> tell;
    {
      runtime::MutexLock lock(mutex_);
      if (requested_) return;
      requested_ = true;
      tell = std::move(tell_);
    }
    if (tell) tell();
    runtime::MutexLock lock(mutex_);
    told_ = true;
    changed_.notify_all();
  }

  bool is_requested() const {
    runtime::MutexLock lock(mutex_);
    return requested_;
  }

  // `tell` runs when it is asked for; at once, here, if it has been. It must not wait for anything.
  // Once.
  void set(std::function<void()> tell) {
    {
      runtime::MutexLock lock(mutex_);
      if (!requested_) {
        tell_ = std::move(tell);
        return;
      }
    }
    tell();
  }

  // Returns when it has been asked for and what was set has run.
  void wait() const {
    runtime::MutexLock lock(mutex_);
    while (!told_)
      changed_.wait(mutex_);
  }

 private:
  mutable runtime::Mutex mutex_;
  mutable runtime::ConditionVariable changed_;
  bool requested_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool told_ EKIDEN_GUARDED_BY(mutex_) = false;
  std::function<void()> tell_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon
