#include "daemon/control/mailbox.hpp"

#include <utility>

namespace ekiden::daemon::control {

void Mailbox::deliver(Answer answer) noexcept {
  runtime::MutexLock lock(mutex_);
  if (loop_ == nullptr) return;
  answers_.push_back(std::move(answer));
  // Under the lock, so that close() is a promise. An interrupt is at most one small write.
  if (std::this_thread::get_id() != owner_) loop_->interrupt();
}

void Mailbox::set_owner(std::thread::id owner) {
  runtime::MutexLock lock(mutex_);
  owner_ = owner;
}

std::vector<Answer> Mailbox::take() {
  runtime::MutexLock lock(mutex_);
  return std::exchange(answers_, {});
}

void Mailbox::close() {
  runtime::MutexLock lock(mutex_);
  loop_ = nullptr;
  answers_.clear();
}

}  // namespace ekiden::daemon::control
