// The signatures of what a task brings along, and what a poll can see of the runtime.
// The layout of PollContext is the ABI's `ekd_cx`; the daemon asserts that they agree, so a
// plugin's function is called without a trampoline in between.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ekiden::runtime {

struct PollContext {
  std::uint32_t struct_size;
  std::uint32_t cancelled;
  std::uint64_t waker;
  std::uint64_t now_ns;
  void** local;
  std::uint32_t budget;
  std::uint32_t worker;
};

using PollFn = std::int32_t (*)(void* state, PollContext* cx);
using DropFn = void (*)(void* state);

// What a poll returns. Any other number counts as kPollFailed.
inline constexpr std::int32_t kPollReady = 0;
inline constexpr std::int32_t kPollPending = 1;
inline constexpr std::int32_t kPollYield = 2;
inline constexpr std::int32_t kPollFailed = 3;
inline constexpr std::int32_t kPollCancelled = 4;

// How a task ends when it is cancelled.
enum class CancelMode : std::uint8_t {
  kOnePoll = 0,  // polled once more, with `cancelled` set, then dropped
  kDropNow = 1,  // dropped without another poll
  kAsync = 2,    // polled, with `cancelled` set, until it is ready
};

}  // namespace ekiden::runtime
