// One thread that runs things when their time has come: the deadlines of loads, unloads and calls,
// so that each of them is answered also where a plugin's own thread is stuck. Without an entry it
// sleeps untimed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

class DeadlineThread {
 public:
  using Work = std::function<void()>;

  // Names an entry; a default one names none.
  struct Key {
    runtime::Nanos deadline_ns = 0;
    std::uint64_t number = 0;
    friend constexpr auto operator<=>(const Key&, const Key&) = default;
  };

  // Throws std::system_error where there is no thread.
  DeadlineThread();
  // Runs what was posted, forgets the rest, and ends the thread.
  ~DeadlineThread();
  DeadlineThread(const DeadlineThread&) = delete;
  DeadlineThread& operator=(const DeadlineThread&) = delete;

  // Runs `work` on this thread at `deadline_ns` (CLOCK_MONOTONIC; kNever: never). It must not block
  // and not throw. Any thread.
  Key at(runtime::Nanos deadline_ns, Work work);
  // Forgets it. It may be running right now, or have run. Any thread.
  void cancel(Key key);
  // Runs `work` on this thread soon; it may block for a moment. Any thread.
  void post(Work work) { at(0, std::move(work)); }

 private:
  void run();
  bool take_due(Work& work);

  runtime::Mutex mutex_;
  runtime::ConditionVariable changed_;
  std::map<Key, Work> entries_ EKIDEN_GUARDED_BY(mutex_);
  std::uint64_t next_number_ EKIDEN_GUARDED_BY(mutex_) = 1;
  bool stopping_ EKIDEN_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: run() uses all of the above
};

}  // namespace ekiden::daemon
