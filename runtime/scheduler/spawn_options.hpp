// What a spawn says about the new task, and what a join learns of an ended one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/task_type.hpp"

namespace ekiden::runtime {

// What spawned a task, for people.
enum class SpawnOrigin : std::uint8_t {
  kUnknown = 0,
  kTask = 1,       // in its poll
  kDrop = 2,       // the drop of a task
  kLifecycle = 3,  // a callback that is no task's: init, start, a command …
  kJob = 4,        // a blocking job
  kOwnThread = 5,  // a thread that the owner started itself
};

// Where a task that a worker spawns goes. From other threads all go to the global queue.
enum class SpawnHint : std::uint8_t {
  kDefault = 0,  // a child: the child stack; of a batch: the ring; else the LIFO slot or, if that
                 // is not free, the ring
  kNext = 1,     // the LIFO slot; what is there goes to the ring
  kLast = 2,     // the ring's tail
};

struct SpawnOptions {
  bool join = false;   // the caller holds the task until join_close
  bool child = false;  // counted in the polled task; worker only
  std::string_view name;
  Handle parent;  // null: the task being polled, if any
  SpawnHint hint = SpawnHint::kDefault;
  SpawnOrigin origin = SpawnOrigin::kUnknown;  // what the caller is, where it is no task
};

// What a batch is made of: `count` tasks of one type, whose states are copied from `states`, `size`
// bytes each, `stride` bytes apart.
struct NewTasks {
  OwnerId owner = kRuntimeOwner;
  TypeId type = 0;
  const void* states = nullptr;
  std::size_t size = 0;
  std::size_t stride = 0;
  std::size_t count = 0;
};

// In the place of a parent that is no task: a null handle that says who spawned it.
constexpr Handle origin_mark(SpawnOrigin origin) {
  return Handle(HandleKind::kTask, static_cast<std::uint32_t>(origin), 0);
}
constexpr SpawnOrigin origin_of(Handle parent) {
  return parent.is_null() ? static_cast<SpawnOrigin>(parent.index()) : SpawnOrigin::kTask;
}

struct JoinResult {
  Status status = Status::kOk;  // kOk, kCancelled, kFailed
  std::int32_t fail_code = 0;   // with kFailed: what fail() was given, else 0
  std::string fail_text;
  void* state = nullptr;  // with kOk
};

}  // namespace ekiden::runtime
