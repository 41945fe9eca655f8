// A PluginDone that several may answer and that hears the first answer only: the work itself, and
// the deadline.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/plugin_result.hpp"

namespace ekiden::daemon {

class Answer {
 public:
  // `deadlines` outlives it.
  Answer(PluginDone done, DeadlineThread& deadlines)
      : done_(std::move(done)), deadlines_(deadlines) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // Whether anybody still waits. Any thread.
  // seq_cst: see give().
  bool is_given() const { return given_.load(); }

  // Any thread. The second one and all later ones do nothing.
  void give(PluginResult result) {
    if (given_.exchange(true)) return;
    forget_deadline();
    done_(std::move(result));
  }

  // From now on `on_deadline` runs at `deadline_ns`, unless it is answered before. Once.
  void set_deadline(runtime::Nanos deadline_ns, DeadlineThread::Work on_deadline) {
    const auto key = deadlines_.at(deadline_ns, std::move(on_deadline));
    deadline_ns_.store(key.deadline_ns, std::memory_order_relaxed);
    // seq_cst, like all of given_: either give() sees the number and cancels the entry, or we see
    // that it was given and do. Else the entry would wake the thread for nothing later.
    number_.store(key.number);
    if (given_.load()) forget_deadline();
  }

 private:
  void forget_deadline() {
    const std::uint64_t number = number_.load();
    // relaxed: ordered by the load above.
    if (number != 0) deadlines_.cancel({deadline_ns_.load(std::memory_order_relaxed), number});
  }

  const PluginDone done_;
  DeadlineThread& deadlines_;
  std::atomic<bool> given_{false};
  std::atomic<std::uint64_t> number_{0};
  std::atomic<runtime::Nanos> deadline_ns_{0};
};

}  // namespace ekiden::daemon
