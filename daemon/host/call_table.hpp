// Control commands that wait for their plugin's answer. Each is answered exactly once: whoever
// takes the answer function out of the table runs it, outside the lock.
#pragma once

#include <ekiden/plugin.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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

// Tells the caller how far the call is; `json` is one JSON value in one line. False: nobody waits
// for the answer any more. Any thread, several at a time; must not block. It may still run while
// the call is being answered, and shortly after.
using ProgressFn = std::function<bool(std::string_view json)>;

// The kind of an ekd_call among the 64-bit handles.
inline constexpr auto kCallKind = static_cast<runtime::HandleKind>(11);

// Any thread may call any member.
class CallTable {
 public:
  // 0, and `answer` untouched, where kOpenCallsMax wait. `progress` may be null: nobody asked.
  ekd_call open(const ekd_ctx* ctx, AnswerFn&& answer, ProgressFn progress = nullptr);
  // Closes the call and hands its answer function out. kStale: answered or closed before; kForeign:
  // it belongs to another context than `ctx` (null: any will do).
  runtime::Status take(const ekd_ctx* ctx, ekd_call call, AnswerFn& out);
  // Whom to tell of an open call's progress; null: nobody. Errors as of take().
  runtime::Status progress_of(const ekd_ctx* ctx, ekd_call call,
                              std::shared_ptr<const ProgressFn>& out);
  // Closes all that are open for `ctx`.
  std::vector<AnswerFn> take_all(const ekd_ctx* ctx);
  // How many are open for `ctx`.
  std::size_t count(const ekd_ctx* ctx) const;

 private:
  struct Slot {
    std::uint32_t generation = 0;
    const ekd_ctx* ctx = nullptr;  // null: the slot is free
    AnswerFn answer;
    std::shared_ptr<const ProgressFn> progress;  // shared with those who are telling just now
  };

  // The slot of a handle that names an open call of `ctx`.
  runtime::Status find(const ekd_ctx* ctx, ekd_call call, std::uint32_t& index) const
      EKIDEN_REQUIRES(mutex_);
  AnswerFn close(std::uint32_t index) EKIDEN_REQUIRES(mutex_);

  mutable runtime::Mutex mutex_;
  std::vector<Slot> slots_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon::host
