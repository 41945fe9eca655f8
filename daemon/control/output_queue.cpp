#include "daemon/control/output_queue.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ekiden::daemon::control {
namespace {

// Lines that one system call takes along.
constexpr std::size_t kGather = 16;

}  // namespace

void OutputQueue::push(std::string line, Kind kind) {
  if (line.empty()) return;
  bytes_ += line.size();
  lines_.push_back({std::move(line), kind});
}

OutputQueue::Flush OutputQueue::flush(int socket, std::size_t bytes_max) {
  std::size_t total = 0;
  while (!lines_.empty()) {
    if (total >= bytes_max) return Flush::kMore;

    std::array<iovec, kGather> parts{};
    std::size_t count = 0;
    std::size_t offset = written_;
    for (auto line = lines_.begin(); line != lines_.end() && count < kGather; ++line) {
      parts[count++] = {line->text.data() + offset, line->text.size() - offset};
      offset = 0;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Flush::kBlocked : Flush::kBroken;
    }
    drop_written(static_cast<std::size_t>(sent));
    total += static_cast<std::size_t>(sent);
  }
  return Flush::kDone;
}

void OutputQueue::drop_written(std::size_t count) {
  bytes_ -= count;
  written_ += count;
  while (!lines_.empty() && written_ >= lines_.front().text.size()) {
    const Line& line = lines_.front();
    written_ -= line.text.size();
    if (line.kind == Kind::kProgress) written_progress_ += line.text.size();
    lines_.pop_front();
  }
}

}  // namespace ekiden::daemon::control
