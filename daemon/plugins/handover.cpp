#include "daemon/plugins/handover.hpp"

#include <utility>

#include "daemon/plugins/instance.hpp"
#include "daemon/plugins/steady_time.hpp"

namespace ekiden::daemon {

Handover::Handover(std::shared_ptr<Instance> old, runtime::Nanos unload_ns)
    : unload_ns_(unload_ns), old_(std::move(old)) {}

Handover::~Handover() = default;

bool Handover::pass(const Late& late) {
  std::shared_ptr<Instance> old;
  {
    runtime::MutexLock lock(mutex_);
    old = std::exchange(old_, nullptr);
    if (given_up_) return false;
    if (is_over_) return true;
  }
  // The answer may come when nobody passes any more: it holds this, and not the other way round.
  old->unload(runtime::saturating_add(steady_now_ns(), unload_ns_),
              [self = shared_from_this()](PluginResult result) {
                if (result.outcome != Outcome::kTimedOut) return;
                runtime::MutexLock lock(self->mutex_);
                self->has_late_answer_ = true;
                self->late_answer_ = std::move(result);
                self->changed_.notify_all();
              });
  old.reset();
  PluginResult late_answer;
  while (!wait_for_news(late_answer)) {
    late(late_answer);
  }
  runtime::MutexLock lock(mutex_);
  return !given_up_;
}

bool Handover::wait_for_news(PluginResult& late_answer) {
  runtime::MutexLock lock(mutex_);
  while (!given_up_ && !is_over_ && !has_late_answer_)
    changed_.wait(mutex_);
  if (given_up_ || is_over_) return true;
  has_late_answer_ = false;
  waits_ = true;
  late_answer = std::move(late_answer_);
  return false;
}

void Handover::predecessor_is_over() {
  runtime::MutexLock lock(mutex_);
  is_over_ = true;
  waits_ = false;
  changed_.notify_all();
}

void Handover::give_up() {
  runtime::MutexLock lock(mutex_);
  given_up_ = true;
  waits_ = false;
  changed_.notify_all();
}

bool Handover::waits() const {
  runtime::MutexLock lock(mutex_);
  return waits_;
}

}  // namespace ekiden::daemon
