// The thread that writes log lines to one descriptor.
//
// spdlog's own thread pool is not used: it wakes every ten seconds, which an idle daemon must not
// do, and its destructor waits for ever where the reader of the pipe has stopped. This thread
// sleeps without a timer, and stopping it takes bounded time in every case.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace ekiden::daemon::log {

class LineWriter {
 public:
  // Makes the line that reports `count` lost lines; called on the writing thread.
  using LossReport = std::function<std::string(std::uint64_t count)>;

  // Duplicates the descriptor (the caller keeps his) and starts the thread. Throws
  // std::system_error where the system has no descriptor or thread left.
  LineWriter(int descriptor, LossReport loss_report);
  // stop(kFlushMs).
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Never waits for the reader. False after stop(): the line is left as it was. Any thread; throws
  // only std::bad_alloc.
  [[nodiscard]] bool push(std::string&& line);

  // Waits until everything pushed before is written or lost. False at the deadline. Any thread.
  bool flush(std::chrono::milliseconds timeout);

  // Flushes for at most `timeout`, gives up what is left and ends the thread. Where the thread is
  // inside a system call that does not return, it is left to itself with what it needs. Further
  // calls do nothing. One thread at a time.
  void stop(std::chrono::milliseconds timeout);

  // Lines that were lost. Any thread.
  std::uint64_t dropped() const;

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace ekiden::daemon::log
