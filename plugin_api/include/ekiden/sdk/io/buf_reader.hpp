// BufReader: reads a stream in large pieces and gives it out in small ones, by lines for one.
//
//   BufReader reader(stream);             // refers to the stream; moved in, it owns it
//   while (auto line = co_await reader.read_line(4096)) …
#pragma once

#include <ekiden/sdk/io/stream.hpp>

#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>

EKIDEN_SDK_BEGIN

// S: a Readable, or a reference to one. One task at a time reads from it.
//
// read_until, read_line, read and fill are cancellation-safe as far as the stream's read is: what
// has come stays in the buffer until it is given out.
template <class S>
class BufReader {
 public:
  // `capacity`, in bytes, is allocated at once; a longer line makes it grow, up to that line's
  // limit.
  explicit BufReader(S&& stream, std::size_t capacity = 8192)
      : stream_(std::forward<S>(stream)),
        capacity_(std::max<std::size_t>(capacity, 1)),
        memory_(new std::byte[capacity_]) {}

  std::remove_reference_t<S>& stream() noexcept { return stream_; }
  // What has been read and not given out.
  std::span<const std::byte> buffered() const noexcept {
    return {memory_.get() + begin_, end_ - begin_};
  }
  // Gives out the first `count` bytes of it (or all).
  void consume(std::size_t count) noexcept { begin_ += std::min(count, end_ - begin_); }

  // co_await: how many bytes more are buffered now; 0 at the end of the stream.
  Task<std::size_t> fill() {
    make_room();
    const std::size_t got = co_await stream_.read(room());
    end_ += got;
    co_return got;
  }

  // co_await: as of every Readable.
  Task<std::size_t> read(std::span<std::byte> into) {
    if (begin_ == end_) {
      if (into.size() >= capacity_) co_return co_await stream_.read(into);
      make_room();
      end_ += co_await stream_.read(room());
    }
    const std::size_t count = std::min(into.size(), end_ - begin_);
    if (count != 0) std::memcpy(into.data(), memory_.get() + begin_, count);
    consume(count);
    co_return count;
  }

  // co_await: up to and with the delimiter; what is left where the stream ends without one (nothing
  // where it ends at once). Throws Error (EKD_E_TOO_BIG) where that takes more than `limit` bytes;
  // these stay buffered.
  Task<Bytes> read_until(std::byte delimiter, std::size_t limit) {
    const std::size_t count = co_await find(delimiter, limit);
    const auto found = buffered().first(count);
    Bytes out(found.begin(), found.end());
    consume(count);
    co_return out;
  }

  // co_await: a line without its "\n" or "\r\n", of at most `limit` bytes with them; what is left
  // where the stream ends without one; nothing at the end. Errors as of read_until.
  Task<std::optional<std::string>> read_line(std::size_t limit) {
    const std::size_t count = co_await find(std::byte{'\n'}, limit);
    if (count == 0) co_return std::nullopt;
    std::string_view line = text_of(buffered().first(count));
    if (line.back() == '\n') {
      line.remove_suffix(1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    }
    std::string out(line);
    consume(count);
    co_return out;
  }

 private:
  std::span<std::byte> room() { return {memory_.get() + end_, capacity_ - end_}; }
  // One byte at least.
  void make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ < capacity_) return;
    if (begin_ > 0) {
      std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
    } else {
      std::unique_ptr<std::byte[]> larger(new std::byte[2 * capacity_]);
      std::memcpy(larger.get(), memory_.get(), end_);
      memory_ = std::move(larger);
      capacity_ *= 2;
    }
    end_ -= begin_;
    begin_ = 0;
  }

  // How much of the buffer goes up to and with the delimiter, or to the end of the stream.
  Task<std::size_t> find(std::byte delimiter, std::size_t limit) {
    std::size_t seen = 0;
    for (;;) {
      const auto rest = buffered().subspan(seen);
      if (!rest.empty()) {
        const void* const at = std::memchr(rest.data(), static_cast<int>(delimiter), rest.size());
        if (at != nullptr) {
          seen += static_cast<std::size_t>(static_cast<const std::byte*>(at) - rest.data()) + 1;
          if (seen <= limit) co_return seen;
        } else {
          seen += rest.size();
        }
      }
      if (seen > limit) {
        throw Error(EKD_E_TOO_BIG,
                    "there is no delimiter within " + std::to_string(limit) + " bytes");
      }
      make_room();
      const std::size_t got = co_await stream_.read(room());
      if (got == 0) co_return seen;
      end_ += got;
    }
  }

  S stream_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> memory_;
  // What is buffered lies between them.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};
template <class S>
BufReader(S&&, std::size_t = 0) -> BufReader<S>;

EKIDEN_SDK_END
