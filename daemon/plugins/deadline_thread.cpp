#include "daemon/plugins/deadline_thread.hpp"

#include <pthread.h>

#include <utility>

#include "daemon/plugins/steady_time.hpp"

namespace ekiden::daemon {

DeadlineThread::DeadlineThread() : thread_([this] { run(); }) {}

DeadlineThread::~DeadlineThread() {
  {
    runtime::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

DeadlineThread::Key DeadlineThread::at(runtime::Nanos deadline_ns, Work work) {
  if (deadline_ns == runtime::kNever) return {};
  Key key;
  bool is_first = false;
  {
    runtime::MutexLock lock(mutex_);
    key = {deadline_ns, next_number_++};
    entries_.emplace(key, std::move(work));
    is_first = entries_.begin()->first == key;
  }
  if (is_first) changed_.notify_one();
  return key;
}

void DeadlineThread::cancel(Key key) {
  Work work;  // destroyed outside the lock
  bool was_first = false;
  {
    runtime::MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    was_first = found == entries_.begin();
    work = std::move(found->second);
    entries_.erase(found);
  }
  // Now, while there is something to do anyway, and not by a wake-up in the middle of an idle time.
  if (was_first) changed_.notify_one();
}

void DeadlineThread::run() {
  ::pthread_setname_np(::pthread_self(), "ekiden-plugins");
  Work work;
  while (take_due(work)) {
    work();
    work = nullptr;
  }
}

bool DeadlineThread::take_due(Work& work) {
  runtime::MutexLock lock(mutex_);
  for (;;) {
    const bool has_entry = !entries_.empty();
    const runtime::Nanos first_ns = has_entry ? entries_.begin()->first.deadline_ns : 0;
    const bool is_due = has_entry && (first_ns == 0 || first_ns <= steady_now_ns());
    if (is_due && (first_ns == 0 || !stopping_)) {
      work = std::move(entries_.begin()->second);
      entries_.erase(entries_.begin());
      return true;
    }
    if (stopping_) return false;
    if (has_entry) {
      changed_.wait_until(mutex_, steady_time(first_ns));
    } else {
      changed_.wait(mutex_);
    }
  }
}

}  // namespace ekiden::daemon
