#include "daemon/logging/line_writer.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "daemon/logging/bounded_write.hpp"
#include "daemon/logging/limits.hpp"
#include "daemon/logging/line_queue.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::log {
namespace {

class Descriptor {
 public:
  Descriptor(int number, const char* what) : number_(number) {
    if (number < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }

 private:
  int number_;
};

// Signals of the process are for other threads.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// Owned by the writer and by its thread, so that a thread that cannot be ended keeps valid memory.
struct LineWriter::Shared {
  Shared(int original, LossReport report)
      : output(fcntl(original, F_DUPFD_CLOEXEC, 0), "cannot duplicate the log's descriptor"),
        stop(eventfd(0, EFD_CLOEXEC), "cannot create the log's eventfd"),
        loss_report(std::move(report)) {}

  void run();
  bool write_line(const std::string& line) noexcept;
  void mark_ended();
  bool wait_ended(std::chrono::milliseconds timeout);

  const Descriptor output;
  const Descriptor stop;  // readable: what is left is not written any more
  const LossReport loss_report;
  LineQueue queue{kQueueMaxBytes};
  runtime::Atomic<std::uint64_t> unwritten{0};  // lines that were taken and could not be written

  runtime::Mutex mutex;
  runtime::ConditionVariable ended_changed;
  bool ended EKIDEN_GUARDED_BY(mutex) = false;
};

void LineWriter::Shared::run() {
  pthread_setname_np(pthread_self(), "ekiden-log");
  while (std::optional<LineQueue::Taken> taken = queue.take()) {
    if (taken->dropped_before > 0) write_line(loss_report(taken->dropped_before));
    // relaxed: a counter publishes nothing but itself.
    if (!write_line(taken->line)) unwritten.fetch_add(1, std::memory_order_relaxed);
  }
  mark_ended();
}

bool LineWriter::Shared::write_line(const std::string& line) noexcept {
  const WriteBound until_stopped{std::nullopt, stop.number()};
  return write_bounded(output.number(), line, until_stopped) == WriteEnd::kWritten;
}

void LineWriter::Shared::mark_ended() {
  {
    const runtime::MutexLock lock(mutex);
    ended = true;
  }
  ended_changed.notify_all();
}

bool LineWriter::Shared::wait_ended(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const runtime::MutexLock lock(mutex);
  while (!ended) {
    if (ended_changed.wait_until(mutex, deadline) == std::cv_status::timeout) return ended;
  }
  return true;
}

LineWriter::LineWriter(int descriptor, LossReport loss_report)
    : shared_(std::make_shared<Shared>(descriptor, std::move(loss_report))) {
  const AllSignalsBlocked inherited_by_the_thread;
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

LineWriter::~LineWriter() { stop(std::chrono::milliseconds(kFlushMs)); }

bool LineWriter::push(std::string&& line) { return shared_->queue.push(std::move(line)); }

bool LineWriter::flush(std::chrono::milliseconds timeout) {
  return shared_->queue.wait_idle(timeout);
}

void LineWriter::stop(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return;
  shared_->queue.close();
  bool ended = shared_->wait_ended(timeout);
  if (!ended) {
    eventfd_write(shared_->stop.number(), 1);
    ended = shared_->wait_ended(std::chrono::milliseconds(kWriterStopMs));
  }
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::uint64_t LineWriter::dropped() const {
  return shared_->queue.dropped() + shared_->unwritten.load(std::memory_order_relaxed);
}

}  // namespace ekiden::daemon::log
