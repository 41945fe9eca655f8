// What a lock guards: a T, or nothing.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

template <class T>
struct Guarded {
  template <class... Args>
  requires std::constructible_from<T, Args...>
  explicit Guarded(Args&&... args) : value(std::forward<Args>(args)...) {}

  T value;
};

template <>
struct Guarded<void> {};

}  // namespace detail

EKIDEN_SDK_END
