#include "daemon/control/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace ekiden::daemon::control {

void Mailbox::deliver(Answer answer) noexcept {
  runtime::MutexLock lock(mutex_);
  if (loop_ == nullptr) return;
  answers_.push_back(std::move(answer));
  // Under the lock, so that close() is a promise. An interrupt is at most one small write.
  if (std::this_thread::get_id() != owner_) loop_->interrupt();
}

void Mailbox::defer(Deferred work) {
  runtime::MutexLock lock(mutex_);
  // Closed: the responder is dropped by the caller's hand, after the lock; its answer goes nowhere.
  if (loop_ == nullptr) return;
  work_.push_back(std::move(work));
  if (std::this_thread::get_id() != owner_) loop_->interrupt();
}

std::optional<Deferred> Mailbox::take_work() {
  runtime::MutexLock lock(mutex_);
  if (work_.empty()) return std::nullopt;
  std::optional<Deferred> first(std::move(work_.front()));
  work_.pop_front();
  return first;
}

bool Mailbox::has_work() {
  runtime::MutexLock lock(mutex_);
  return !work_.empty();
}

bool Mailbox::has_work_of(ConnectionId connection) {
  runtime::MutexLock lock(mutex_);
  return std::any_of(work_.begin(), work_.end(),
                     [&](const Deferred& work) { return work.connection == connection; });
}

// Responders that are dropped deliver an answer: not under the lock.
void Mailbox::drop_work(ConnectionId connection) {
  std::deque<Deferred> kept;
  std::vector<Deferred> dropped;
  {
    runtime::MutexLock lock(mutex_);
    for (Deferred& work : work_) {
      if (work.connection == connection) {
        dropped.push_back(std::move(work));
      } else {
        kept.push_back(std::move(work));
      }
    }
    work_.swap(kept);
  }
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
  std::deque<Deferred> dropped;  // after the lock: see drop_work()
  runtime::MutexLock lock(mutex_);
  loop_ = nullptr;
  answers_.clear();
  work_.swap(dropped);
}

}  // namespace ekiden::daemon::control
