#include "daemon/control/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "daemon/control/limits.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::control {

bool Connection::takes_requests() const {
  return !broken_ && in_flight_ < kInFlightMax && output_.bytes() < kOutputPauseBytes;
}

bool Connection::wants_bytes() const { return takes_requests() && !ended_ && !input_.has_next(); }

bool Connection::has_work() const {
  if (has_output() && !write_blocked_) return true;
  return takes_requests() && (input_.has_next() || (wants_bytes() && readable_));
}

void Connection::receive() {
  if (!wants_bytes() || !readable_) return;
  std::array<char, kReadChunkBytes> chunk;
  const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (count > 0) {
    input_.append({chunk.data(), static_cast<std::size_t>(count)});
    // A stream socket that gave less than asked for may still hold more (it gives what one of its
    // buffers has), so only the kernel's word counts.
    return;
  }
  if (count == 0) {
    ended_ = true;
    // One that only sends no more still waits for its answers. One that has closed its socket can
    // have none, and whoever works for it should know.
    if (is_abandoned()) broken_ = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    readable_ = false;
  } else if (errno != EINTR) {
    broken_ = true;
  }
}

LineBuffer::Next Connection::next_line(std::string_view& line) {
  return takes_requests() ? input_.next(line) : LineBuffer::Next::kNone;
}

bool Connection::take_unfinished() {
  return ended_ && !broken_ && !input_.has_next() && input_.take_unfinished();
}

void Connection::end_request(Answer answer) {
  EKIDEN_CHECK(in_flight_ > 0);
  in_flight_--;
  if (!answer.line.empty() && output_.bytes() + answer.line.size() > kOutputMaxBytes) {
    answer.line = render_error(
        answer.id, {ErrorKind::kBusy,
                    "the request was carried out, but its answer was dropped: " +
                        std::to_string(output_.bytes()) + " bytes of answers wait to be read",
                    {}});
  }
  output_.push(std::move(answer.line));
}

void Connection::flush() {
  if (broken_ || write_blocked_ || output_.empty()) return;
  const OutputQueue::Flush flushed = output_.flush(socket_, kWriteBytesPerTurn);
  link_->give_room(output_.take_written_progress());
  switch (flushed) {
    case OutputQueue::Flush::kDone:
    case OutputQueue::Flush::kMore:
      break;
    case OutputQueue::Flush::kBlocked:
      write_blocked_ = true;
      break;
    case OutputQueue::Flush::kBroken:
      broken_ = true;
      break;
  }
}

bool Connection::is_finished() const {
  if (broken_) return true;
  return ended_ && in_flight_ == 0 && output_.empty() && !input_.has_next();
}

bool Connection::is_abandoned() const {
  pollfd state{socket_, 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace ekiden::daemon::control
