// What a spawn says about the new task, and what a join learns of an ended one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"

namespace ekiden::runtime {

enum class SpawnHint : std::uint8_t { kDefault = 0, kNext = 1, kLast = 2 };

struct SpawnOptions {
  bool join = false;   // the caller holds the task until join_close
  bool child = false;  // counted in the polled task; worker only
  std::string_view name;
  Handle parent;  // null: the task being polled, if any
  SpawnHint hint = SpawnHint::kDefault;
};

struct JoinResult {
  Status status = Status::kOk;  // kOk, kCancelled, kFailed
  std::int32_t fail_code = 0;   // with kFailed: what fail() was given, else 0
  std::string fail_text;
  void* state = nullptr;  // with kOk
};

}  // namespace ekiden::runtime
