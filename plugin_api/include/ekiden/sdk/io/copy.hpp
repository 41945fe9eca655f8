// copy and copy_bidirectional: what comes out of one stream goes into another.
#pragma once

#include <ekiden/sdk/io/stream.hpp>
#include <ekiden/sdk/structured/race.hpp>

#include <memory>

EKIDEN_SDK_BEGIN

struct CopyCounts {
  std::uint64_t a_to_b = 0;
  std::uint64_t b_to_a = 0;
};

namespace detail {

// `count` has gone into `to`, whatever becomes of this.
template <class From, class To>
Task<> copy_counting(From& from, To& to, std::uint64_t& count) {
  constexpr std::size_t kStepBytes = 16384;
  const std::unique_ptr<std::byte[]> memory(new std::byte[kStepBytes]);
  const std::span<std::byte> buffer(memory.get(), kStepBytes);
  for (;;) {
    const std::size_t got = co_await from.read(buffer);
    if (got == 0) break;
    for (std::size_t put = 0; put < got;) {
      const std::size_t n = co_await to.write(buffer.subspan(put, got - put));
      if (n == 0) throw Error(EKD_E_FAILED, "write: the stream took nothing");
      put += n;
      count += n;
    }
  }
  co_await flush(to);
}

template <class From, class To>
Task<> copy_and_end(From& from, To& to, std::uint64_t& count) {
  co_await copy_counting(from, to, count);
  co_await shut_down(to);
}

}  // namespace detail

// co_await: how many bytes were copied, once `from` has ended; `to` is flushed, but not ended. NOT
// cancellation-safe: up to 16 KiB may be read and not written; `done` tells how many were written.
template <Readable From, Writable To>
Task<std::uint64_t> copy(From& from, To& to, std::uint64_t* done = nullptr) {
  std::uint64_t own = 0;
  std::uint64_t& count = done != nullptr ? *done : own;
  count = 0;
  co_await detail::copy_counting(from, to, count);
  co_return count;
}

// co_await: how many bytes went each way, once both have ended. Where one side ends, the other is
// told so (shutdown), and the way back goes on: a half-closed connection stays one through a proxy.
// The first error ends both ways and is thrown; neither stream is closed. Both ways run in this
// task. NOT cancellation-safe; `done` tells how much went through, also after an error.
template <Stream A, Stream B>
Task<CopyCounts> copy_bidirectional(A& a, B& b, CopyCounts* done = nullptr) {
  CopyCounts own;
  CopyCounts& counts = done != nullptr ? *done : own;
  counts = {};
  co_await join_all(detail::copy_and_end(a, b, counts.a_to_b),
                    detail::copy_and_end(b, a, counts.b_to_a));
  co_return counts;
}

EKIDEN_SDK_END
