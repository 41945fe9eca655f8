// How something ended: not yet, with a value, with an exception, or cancelled.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

struct Nothing {};

// What is kept for a T: references as pointers, void as nothing.
template <class T>
using Stored = std::conditional_t<
    std::is_void_v<T>, Nothing,
    std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<std::remove_reference_t<T>>,
                       std::remove_cv_t<T>>>;

// What stands for a T in tuples, variants and the like.
template <class T>
using ValueOf =
    std::conditional_t<std::is_void_v<T>, Nothing,
                       std::conditional_t<std::is_reference_v<T>,
                                          std::reference_wrapper<std::remove_reference_t<T>>, T>>;

enum class Ended : std::uint8_t { kNot, kValue, kFailure, kCancelled };

template <class T>
class Outcome {
 public:
  Outcome() noexcept {}
  Outcome(Outcome&& other) noexcept(std::is_nothrow_move_constructible_v<Stored<T>>) {
    take(std::move(other));
  }
  Outcome& operator=(Outcome&& other) noexcept(std::is_nothrow_move_constructible_v<Stored<T>>) {
    if (this == &other) return *this;
    clear();
    take(std::move(other));
    return *this;
  }
  ~Outcome() { clear(); }

  template <class... Args>
  void set_value(Args&&... args) {
    clear();
    ::new (static_cast<void*>(&value_)) Stored<T>(std::forward<Args>(args)...);
    ended_ = Ended::kValue;
  }
  void set_failure(std::exception_ptr failure) noexcept {
    clear();
    ::new (static_cast<void*>(&failure_)) std::exception_ptr(std::move(failure));
    ended_ = Ended::kFailure;
  }
  void set_cancelled() noexcept {
    clear();
    ended_ = Ended::kCancelled;
  }

  void clear() noexcept {
    if (ended_ == Ended::kValue) std::destroy_at(&value_);
    if (ended_ == Ended::kFailure) std::destroy_at(&failure_);
    ended_ = Ended::kNot;
  }
  // Takes the other's. Where the value's move throws, that is the failure.
  void adopt(Outcome&& other) noexcept {
    try {
      *this = std::move(other);
    } catch (...) {
      set_failure(std::current_exception());
    }
  }

  Ended ended() const noexcept { return ended_; }
  const std::exception_ptr& failure() const noexcept { return failure_; }

  // The value, or the exception again. There is one.
  T get() {
    if (ended_ == Ended::kFailure) std::rethrow_exception(failure_);
    if (ended_ != Ended::kValue) throw Cancelled("what was waited for has been cancelled");
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*value_);
    } else {
      return std::move(value_);
    }
  }
  // The same with something in place of void.
  ValueOf<T> get_value() {
    if constexpr (std::is_void_v<T>) {
      get();
      return {};
    } else {
      return get();
    }
  }

 private:
  void take(Outcome&& other) {
    if (other.ended_ == Ended::kValue) {
      ::new (static_cast<void*>(&value_)) Stored<T>(std::move(other.value_));
    } else if (other.ended_ == Ended::kFailure) {
      ::new (static_cast<void*>(&failure_)) std::exception_ptr(std::move(other.failure_));
    }
    ended_ = other.ended_;
  }

  Ended ended_ = Ended::kNot;
  union {
    Stored<T> value_;
    std::exception_ptr failure_;
  };
};

}  // namespace detail

EKIDEN_SDK_END
