// Why a plugin is not taken: one sentence that says what is wrong, what was expected and what to
// do.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "daemon/plugins/plugin_result.hpp"

namespace ekiden::daemon {

struct Refusal {
  Outcome outcome = Outcome::kFailed;
  std::string text;
};

// A value or the reason why there is none.
template <class T>
class [[nodiscard]] OrRefusal {
 public:
  OrRefusal(T value) : value_(std::move(value)) {}
  OrRefusal(Refusal refusal) : refusal_(std::move(refusal)) {}

  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  std::optional<T> value_;
  Refusal refusal_;
};

}  // namespace ekiden::daemon
