// The thread on which everything of one plugin instance happens that may block: its checks, its
// constructors, its callbacks and its commands, one at a time. A stuck plugin holds up itself only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

class LifecycleThread {
 public:
  using Work = std::function<void()>;

  // `name` as unique_thread_name() gives it. Throws std::system_error where there is no thread.
  explicit LifecycleThread(std::string name);
  // finish() and join(). Not on the thread itself.
  ~LifecycleThread();
  LifecycleThread(const LifecycleThread&) = delete;
  LifecycleThread& operator=(const LifecycleThread&) = delete;

  // Queues work. False, and `work` untouched: plugin_limits::kLifecycleQueueMax wait already, or
  // finish() was called. Work that throws ends the process. Any thread.
  [[nodiscard]] bool post(Work&& work);
  // The same, past the limit on the queue: for what ends the instance.
  [[nodiscard]] bool post_regardless(Work&& work);

  // Nothing runs on it and nothing waits for its turn. Any thread.
  bool is_idle() const;

  // Takes no more work; the thread ends when what is queued has run. Any thread, also itself.
  void finish();
  void join();

 private:
  [[nodiscard]] bool push(Work&& work, std::size_t queue_max);
  void run();
  bool take(Work& work);

  const std::string name_;

  mutable runtime::Mutex mutex_;
  runtime::ConditionVariable changed_;
  std::deque<Work> queue_ EKIDEN_GUARDED_BY(mutex_);
  bool running_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool finishing_ EKIDEN_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: run() uses all of the above
};

}  // namespace ekiden::daemon
