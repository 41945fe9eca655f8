#include "daemon/logging/line_queue.hpp"

#include <utility>

namespace ekiden::daemon::log {
namespace {

// A short line still costs its string and its place in the deque.
constexpr std::size_t kLineOverheadBytes = sizeof(std::string);

std::size_t cost_bytes(const std::string& line) noexcept {
  return line.size() + kLineOverheadBytes;
}

}  // namespace

bool LineQueue::push(std::string&& line) {
  {
    const runtime::MutexLock lock(mutex_);
    if (closed_) return false;
    const std::size_t cost = cost_bytes(line);
    if (cost > bytes_max_) {
      ++dropped_;
      return true;
    }
    while (bytes_ + cost > bytes_max_)
      drop_oldest();
    lines_.push_back(std::move(line));
    bytes_ += cost;
  }
  filled_.notify_one();
  return true;
}

std::optional<LineQueue::Taken> LineQueue::take() {
  const runtime::MutexLock lock(mutex_);
  in_hand_ = false;
  if (lines_.empty()) idle_.notify_all();
  while (lines_.empty() && !closed_)
    filled_.wait(mutex_);
  if (lines_.empty()) return std::nullopt;
  Taken taken{std::move(lines_.front()), dropped_ - dropped_reported_};
  lines_.pop_front();
  bytes_ -= cost_bytes(taken.line);
  dropped_reported_ = dropped_;
  in_hand_ = true;
  return taken;
}

bool LineQueue::wait_idle(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const runtime::MutexLock lock(mutex_);
  while (!lines_.empty() || in_hand_) {
    if (idle_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
      return lines_.empty() && !in_hand_;
    }
  }
  return true;
}

void LineQueue::close() {
  {
    const runtime::MutexLock lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

std::uint64_t LineQueue::dropped() const {
  const runtime::MutexLock lock(mutex_);
  return dropped_;
}

void LineQueue::drop_oldest() {
  bytes_ -= cost_bytes(lines_.front());
  lines_.pop_front();
  ++dropped_;
}

}  // namespace ekiden::daemon::log
