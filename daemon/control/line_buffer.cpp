#include "daemon/control/line_buffer.hpp"

#include "daemon/control/limits.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::control {

void LineBuffer::append(std::string_view bytes) {
  drop_taken();
  if (skipping_) {
    const std::size_t feed = bytes.find('\n');
    if (feed == std::string_view::npos) return;
    bytes.remove_prefix(feed + 1);
    skipping_ = false;
  }
  bytes_ += bytes;
}

LineBuffer::Next LineBuffer::next(std::string_view& line) {
  const std::size_t feed = bytes_.find('\n', scanned_);
  if (feed != std::string::npos) {
    const std::size_t size = feed - taken_;
    line = std::string_view(bytes_).substr(taken_, size);
    taken_ = scanned_ = feed + 1;
    return size > kLineMaxBytes ? Next::kTooLong : Next::kLine;
  }
  scanned_ = bytes_.size();
  if (scanned_ - taken_ <= kLineMaxBytes) return Next::kNone;
  taken_ = scanned_;
  drop_taken();
  skipping_ = true;
  return Next::kTooLong;
}

bool LineBuffer::has_next() const {
  return bytes_.find('\n', scanned_) != std::string::npos || bytes_.size() - taken_ > kLineMaxBytes;
}

bool LineBuffer::take_unfinished() {
  EKIDEN_CHECK(!has_next());
  const bool unfinished = bytes_.size() > taken_;
  bytes_.clear();
  taken_ = scanned_ = 0;
  return unfinished;
}

void LineBuffer::drop_taken() {
  if (taken_ == 0) return;
  bytes_.erase(0, taken_);
  scanned_ -= taken_;
  taken_ = 0;
  if (bytes_.empty() && bytes_.capacity() > kReadChunkBytes) bytes_.shrink_to_fit();
}

}  // namespace ekiden::daemon::control
