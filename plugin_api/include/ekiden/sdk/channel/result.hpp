// What the calls of a channel that do not wait answer, and how a channel says that it was too fast.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

EKIDEN_SDK_BEGIN

// Of try_send. What was not sent is in it: nothing is lost.
template <class T>
class [[nodiscard("a value that was not sent is in the answer")]] TrySent {
 public:
  // The SDK's own.
  static TrySent sent() { return TrySent(); }
  static TrySent refused(T value, bool closed) { return TrySent(std::move(value), closed); }

  // It was sent.
  explicit operator bool() const noexcept { return !kept_.has_value(); }
  bool is_closed() const noexcept { return kept_.has_value() && closed_; }
  bool is_full() const noexcept { return kept_.has_value() && !closed_; }
  // The value, where it was not sent.
  T& value() { return kept_.value(); }

 private:
  TrySent() = default;
  TrySent(T value, bool closed) : kept_(std::move(value)), closed_(closed) {}

  std::optional<T> kept_;
  bool closed_ = false;
};

// Of try_recv.
template <class T>
class TryReceived {
 public:
  // The SDK's own.
  static TryReceived nothing(bool closed) { return TryReceived(closed); }
  static TryReceived message(T value) { return TryReceived(std::move(value)); }

  // There is a message.
  explicit operator bool() const noexcept { return value_.has_value(); }
  T& operator*() noexcept { return *value_; }
  T* operator->() noexcept { return &*value_; }
  // There is none now.
  bool is_empty() const noexcept { return !value_.has_value() && !closed_; }
  // There is none, and none will come.
  bool is_closed() const noexcept { return !value_.has_value() && closed_; }

 private:
  explicit TryReceived(bool closed) : closed_(closed) {}
  explicit TryReceived(T value) : value_(std::move(value)) {}

  std::optional<T> value_;
  bool closed_ = false;
};

// Thrown by a receive of a broadcast: the receiver was too slow, and messages were overwritten. The
// next receive gives the oldest that is still there. Code EKD_E_LIMIT.
class Lagged : public Error {
 public:
  explicit Lagged(std::uint64_t lost)
      : Error(EKD_E_LIMIT, "the receiver lags: " + std::to_string(lost) + " messages are lost"),
        lost_(lost) {}
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  std::uint64_t lost_;
};

namespace detail {

inline void check_capacity(std::size_t capacity, std::size_t max) {
  if (capacity >= 1 && capacity <= max) return;
  throw Error(EKD_E_INVALID, "the capacity of a channel is 1 to " + std::to_string(max) +
                                 " messages, not " + std::to_string(capacity));
}

}  // namespace detail

EKIDEN_SDK_END
