#include "daemon/plugins/lifecycle_thread.hpp"

#include <pthread.h>

#include <limits>
#include <utility>

#include "daemon/plugins/limits.hpp"

namespace ekiden::daemon {

LifecycleThread::LifecycleThread(std::string name)
    : name_(std::move(name)), thread_([this] { run(); }) {}

LifecycleThread::~LifecycleThread() {
  finish();
  join();
}

bool LifecycleThread::post(Work&& work) {
  return push(std::move(work), plugin_limits::kLifecycleQueueMax);
}

bool LifecycleThread::post_regardless(Work&& work) {
  return push(std::move(work), std::numeric_limits<std::size_t>::max());
}

bool LifecycleThread::push(Work&& work, std::size_t queue_max) {
  {
    runtime::MutexLock lock(mutex_);
    if (finishing_ || queue_.size() >= queue_max) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void LifecycleThread::finish() {
  {
    runtime::MutexLock lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_one();
}

void LifecycleThread::join() {
  if (thread_.joinable()) thread_.join();
}

void LifecycleThread::run() {
  ::pthread_setname_np(::pthread_self(), name_.c_str());
  Work work;
  while (take(work)) {
    work();
    // What it held on to goes before the wait for the next one.
    work = nullptr;
  }
}

bool LifecycleThread::is_idle() const {
  runtime::MutexLock lock(mutex_);
  return queue_.empty() && !running_;
}

bool LifecycleThread::take(Work& work) {
  runtime::MutexLock lock(mutex_);
  running_ = false;
  while (queue_.empty() && !finishing_)
    changed_.wait(mutex_);
  if (queue_.empty()) return false;
  work = std::move(queue_.front());
  queue_.pop_front();
  running_ = true;
  return true;
}

}  // namespace ekiden::daemon
