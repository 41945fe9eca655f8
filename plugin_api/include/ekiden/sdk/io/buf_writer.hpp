// BufWriter: collects small writes and hands the stream large ones. What was not flushed when it
// goes is lost: end with flush() or shutdown().
#pragma once

#include <ekiden/sdk/io/stream.hpp>

#include <cstring>
#include <memory>

EKIDEN_SDK_BEGIN

// S: a Writable, or a reference to one. One task at a time writes to it.
//
// write, flush and shutdown are cancellation-safe as far as the stream's write is: what was taken
// stays in the buffer until it has gone out. write_all is not, as everywhere.
template <class S>
class BufWriter {
 public:
  // `capacity`, in bytes, is allocated at once.
  explicit BufWriter(S&& stream, std::size_t capacity = 8192)
      : stream_(std::forward<S>(stream)),
        capacity_(std::max<std::size_t>(capacity, 1)),
        memory_(new std::byte[capacity_]) {}

  std::remove_reference_t<S>& stream() noexcept { return stream_; }
  // Bytes that were taken and have not gone out.
  std::size_t pending() const noexcept { return end_ - begin_; }

  // co_await: as of every Writable; goes to the stream only where it does not fit.
  Task<std::size_t> write(std::span<const std::byte> from) {
    if (from.size() > capacity_ - end_) co_await flush();
    if (from.size() >= capacity_) co_return co_await stream_.write(from);
    if (!from.empty()) std::memcpy(memory_.get() + end_, from.data(), from.size());
    end_ += from.size();
    co_return from.size();
  }

  // co_await: everything has gone to the stream, and out of it where it has a flush of its own.
  Task<> flush() {
    while (begin_ < end_) {
      const std::size_t put = co_await stream_.write({memory_.get() + begin_, end_ - begin_});
      if (put == 0) throw Error(EKD_E_FAILED, "write: the stream took nothing");
      begin_ += put;
    }
    begin_ = end_ = 0;
    co_await detail::flush(stream_);
  }

  // co_await: flushes, then ends our side of the stream.
  Task<> shutdown() {
    co_await flush();
    co_await detail::shut_down(stream_);
  }

 private:
  S stream_;
  const std::size_t capacity_;
  std::unique_ptr<std::byte[]> memory_;
  // What is to go out lies between them.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};
template <class S>
BufWriter(S&&, std::size_t = 0) -> BufWriter<S>;

EKIDEN_SDK_END
