// Control commands that wait for their plugin's answer. Each is answered exactly once: whoever
// takes the answer function out of the table runs it, outside the lock.
#pragma once

#include <ekiden/plugin.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/handle.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"

namespace ekiden::daemon::host {

// code EKD_OK: `json` is one JSON value in one line. Below zero: `error` is one line of text.
struct CallAnswer {
  std::int32_t code = 0;
  std::string json;
  std::string error;
};

using AnswerFn = std::function<void(CallAnswer)>;

// The kind of an ekd_call among the 64-bit handles.
inline constexpr auto kCallKind = static_cast<runtime::HandleKind>(11);

// Any thread may call any member.
class CallTable {
 public:
  // 0, and `answer` untouched, where kOpenCallsMax wait.
  ekd_call open(const ekd_ctx* ctx, AnswerFn&& answer);
  // Closes the call and hands its answer function out. kStale: answered or closed before; kForeign:
  // it belongs to another context than `ctx` (null: any will do).
  runtime::Status take(const ekd_ctx* ctx, ekd_call call, AnswerFn& out);
  // Closes all that are open for `ctx`.
  std::vector<AnswerFn> take_all(const ekd_ctx* ctx);

 private:
  struct Slot {
    std::uint32_t generation = 0;
    const ekd_ctx* ctx = nullptr;  // null: the slot is free
    AnswerFn answer;
  };

  AnswerFn close(std::uint32_t index) EKIDEN_REQUIRES(mutex_);

  runtime::Mutex mutex_;
  std::vector<Slot> slots_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon::host
