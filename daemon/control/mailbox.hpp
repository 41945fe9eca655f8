// What is on its way to the control thread: answers, and progress in front of them, from whichever
// thread finished a request, and the rest of work that was done in part.
//
// It outlives the server where a responder does: after close() it takes both and drops them.
#pragma once

#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/control/responder.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/reactor/event_loop.hpp"

namespace ekiden::daemon::control {

class Mailbox final : public AnswerSink {
 public:
  // `loop` is interrupted for each answer, until close().
  explicit Mailbox(runtime::EventLoop& loop) : loop_(&loop) {}

  void deliver(Answer answer) noexcept override EKIDEN_EXCLUDES(mutex_);
  void defer(Deferred work) override EKIDEN_EXCLUDES(mutex_);

  // The control thread: it looks at the box before it sleeps, so its own answers interrupt nothing.
  void set_owner(std::thread::id owner) EKIDEN_EXCLUDES(mutex_);
  std::vector<Answer> take() EKIDEN_EXCLUDES(mutex_);
  // The work that waits longest.
  std::optional<Deferred> take_work() EKIDEN_EXCLUDES(mutex_);
  bool has_work() EKIDEN_EXCLUDES(mutex_);
  bool has_work_of(ConnectionId connection) EKIDEN_EXCLUDES(mutex_);
  // The client is gone: drops its work.
  void drop_work(ConnectionId connection) EKIDEN_EXCLUDES(mutex_);

  // From here on the loop is not touched any more.
  void close() EKIDEN_EXCLUDES(mutex_);

 private:
  runtime::Mutex mutex_;
  runtime::EventLoop* loop_ EKIDEN_GUARDED_BY(mutex_);  // null: closed
  std::thread::id owner_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<Answer> answers_ EKIDEN_GUARDED_BY(mutex_);
  std::deque<Deferred> work_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon::control
