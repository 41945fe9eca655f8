// What a stream of bytes is, and what can be done with each: the SDK's own, a buffered one, or one
// of a plugin's making (encryption, compression), whose read and write may be coroutines.
//
//   struct Rot13 { Task<std::size_t> read(std::span<std::byte> into); … };
#pragma once

#include <ekiden/sdk/io/bytes.hpp>
#include <ekiden/sdk/io/transfer.hpp>
#include <ekiden/sdk/task.hpp>

#include <array>

EKIDEN_SDK_BEGIN

namespace detail {

template <class A>
concept GivesCount = requires {
  requires std::same_as<typename AwaitResult<std::remove_cvref_t<A>>::type, std::size_t>;
};

}  // namespace detail

// co_await s.read(into): how many bytes were read, at least 1; 0 at the end of the stream.
template <class S>
concept Readable = requires(S& s, std::span<std::byte> into) {
  { s.read(into) } -> detail::GivesCount;
};
// co_await s.write(from): how many bytes were taken, at least 1.
template <class S>
concept Writable = requires(S& s, std::span<const std::byte> from) {
  { s.write(from) } -> detail::GivesCount;
};
template <class S>
concept Stream = Readable<S> && Writable<S>;

namespace detail {

template <class S>
Task<> read_exact_by_parts(S& from, std::span<std::byte> into, std::size_t* done) {
  std::size_t count = 0;
  while (count < into.size()) {
    const std::size_t got = co_await from.read(into.subspan(count));
    if (got == 0) throw_early_end(count, into.size());
    count += got;
    if (done != nullptr) *done = count;
  }
}

template <class S>
Task<> write_all_by_parts(S& to, std::span<const std::byte> from, std::size_t* done) {
  std::size_t count = 0;
  while (count < from.size()) {
    const std::size_t put = co_await to.write(from.subspan(count));
    if (put == 0) throw Error(EKD_E_FAILED, "write: the stream took nothing");
    count += put;
    if (done != nullptr) *done = count;
  }
}

// The slices that are left of a vectored write.
class SliceCursor {
 public:
  explicit SliceCursor(Slices all) : rest_(all) { skip_empty(); }

  bool at_end() const { return rest_.empty(); }
  std::span<const std::byte> first() const { return rest_.front().subspan(offset_); }
  // The first of them, as many as a system call takes.
  std::size_t take(std::array<std::span<const std::byte>, GatherCall::kSlicesMax>& out) const {
    std::size_t count = 0;
    for (const auto& slice : rest_) {
      if (count == out.size()) break;
      out[count] = count == 0 ? first() : slice;
      ++count;
    }
    return count;
  }
  void advance(std::size_t bytes) {
    while (!rest_.empty() && bytes >= first().size()) {
      bytes -= first().size();
      next();
    }
    offset_ += bytes;
  }

 private:
  void next() {
    rest_ = rest_.subspan(1);
    offset_ = 0;
  }
  void skip_empty() {
    while (!rest_.empty() && rest_.front().empty())
      next();
  }

  Slices rest_;
  std::size_t offset_ = 0;
};

template <class S>
Task<std::size_t> write_some(S& to, const SliceCursor& cursor) {
  if constexpr (requires { to.write_vectored(Slices{}); }) {
    std::array<std::span<const std::byte>, GatherCall::kSlicesMax> parts;
    const std::size_t count = cursor.take(parts);
    co_return co_await to.write_vectored(Slices(parts.data(), count));
  } else {
    co_return co_await to.write(cursor.first());
  }
}

template <class S>
Task<> flush(S& to) {
  if constexpr (requires { to.flush(); }) co_await to.flush();
  co_return;
}

// Ends its side, at once or with a coroutine.
template <class S>
Task<> shut_down(S& to) {
  if constexpr (requires { requires Awaitable<decltype(to.shutdown())>; }) {
    co_await to.shutdown();
  } else {
    to.shutdown();
  }
  co_return;
}

}  // namespace detail

// co_await: fills `into`. Throws Closed where the stream ends before. NOT cancellation-safe: what
// was read is gone, unless `done` (which outlives the frame) tells how much it was.
template <Readable S>
auto read_exact(S& from, std::span<std::byte> into, std::size_t* done = nullptr) {
  if constexpr (requires { from.read_exact(into, done); }) {
    return from.read_exact(into, done);
  } else {
    if (done != nullptr) *done = 0;
    return detail::read_exact_by_parts(from, into, done);
  }
}

// co_await: writes all of it. NOT cancellation-safe: `done` tells how much went out, and only who
// asked for that can go on.
template <Writable S>
auto write_all(S& to, std::span<const std::byte> from, std::size_t* done = nullptr) {
  if constexpr (requires { to.write_all(from, done); }) {
    return to.write_all(from, done);
  } else {
    if (done != nullptr) *done = 0;
    return detail::write_all_by_parts(to, from, done);
  }
}

// co_await: writes all of the slices, in order, with as few calls as the stream can. `slices` and
// what they point to stay until it is done. NOT cancellation-safe; `done` as above.
template <Writable S>
Task<> write_all_vectored(S& to, Slices slices, std::size_t* done = nullptr) {
  detail::SliceCursor cursor(slices);
  std::size_t count = 0;
  if (done != nullptr) *done = 0;
  while (!cursor.at_end()) {
    const std::size_t put = co_await detail::write_some(to, cursor);
    if (put == 0) throw Error(EKD_E_FAILED, "write: the stream took nothing");
    cursor.advance(put);
    count += put;
    if (done != nullptr) *done = count;
  }
}

// co_await: all that comes, at most `limit` bytes. Throws Error (EKD_E_TOO_BIG) where there is
// more. NOT cancellation-safe: what was read is gone.
template <Readable S>
Task<Bytes> read_to_end(S& from, std::size_t limit) {
  constexpr std::size_t kStepMin = 4096;
  Bytes all;
  std::size_t count = 0;
  for (;;) {
    // One more than the limit, to see whether it ends there.
    if (count == all.size()) all.resize(std::min(limit, std::max(kStepMin, 2 * count)) + 1);
    const std::size_t got = co_await from.read(std::span(all).subspan(count));
    if (got == 0) break;
    count += got;
    if (count > limit)
      throw Error(EKD_E_TOO_BIG, "the stream is longer than " + std::to_string(limit) + " bytes");
  }
  all.resize(count);
  co_return all;
}

EKIDEN_SDK_END
