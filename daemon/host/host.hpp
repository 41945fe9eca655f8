// The only bridge from the C ABI to the runtime: it hands a plugin its table and its context, and
// keeps what the runtime does not know of (memory, commands that wait for an answer, lifecycle
// callbacks that end later).
//
// The life of an instance here:
//
//   open ──> calls of the plugin ──> stop_admission ──> calls that create nothing ──> retire
//                                                                                       │
//   every later call answers EKD_E_STALE: the context stays as a tombstone  <───────────┘
//
// Order of going: every context is retired, then the Host goes, then the runtime. A context
// outlives all three, so a late call stays an error code. A wake does not ask for one: where a
// plugin has left threads of its own behind (its library stays mapped then), the process leaves
// without destroying the runtime.
//
// Threads: any thread may call any function, except where a comment says otherwise.
#pragma once

#include <ekiden/plugin.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "daemon/host/call_table.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/result.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {
class Runtime;
}

namespace ekiden::daemon {

class Host {
 public:
  using CallAnswer = host::CallAnswer;
  using AnswerFn = host::AnswerFn;
  using ProgressFn = host::ProgressFn;

  // One at a time in a process: wakers carry no context and reach the runtime through it.
  explicit Host(runtime::Runtime& runtime);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // What init gets. Lives as long as the process.
  const ekd_host* table() const;

  // Opens a runtime owner and its context. `plugin` is a descriptor's name, at most 63 bytes.
  // task_limit 0: none. kInvalid (name), kLimit (owners).
  runtime::Status open(std::string plugin, std::uint32_t generation, std::uint64_t task_limit,
                       ekd_ctx*& out);
  runtime::OwnerId owner(const ekd_ctx* ctx) const;

  // The callback that is about to run may answer EKD_PENDING and be ended by lifecycle_done, which
  // can come before it has returned: so expect first, call then. `done` runs at most once, on the
  // thread that ends it, within the plugin's call; it must not block. An earlier one is forgotten.
  void expect_lifecycle_done(ekd_ctx* ctx,
                             std::function<void(std::int32_t code, std::string text)> done);
  // Nobody waits any more: it was not pending, or its deadline passed. `done` may be running on
  // another thread when this returns, but has not begun after it.
  void forget_lifecycle_done(ekd_ctx* ctx);

  // A command that waits for its answer. `answer` runs exactly once, on any thread, with no lock of
  // the host held: from call_reply, close_call or drop_calls; or within this call, with
  // EKD_E_FULL, where too many wait already (then 0 is returned). `progress` is told what
  // call_progress says; null: nobody asked.
  ekd_call open_call(ekd_ctx* ctx, AnswerFn answer, ProgressFn progress = nullptr);
  // Answers it if it is still open: its time is up, or the callback refused it.
  void close_call(ekd_call call, CallAnswer answer);
  // Answers what is still open: the plugin was unloaded before it did. Says how many those were.
  std::size_t drop_calls(ekd_ctx* ctx);
  // Commands that wait for its answer.
  std::size_t open_calls(const ekd_ctx* ctx) const { return calls_.count(ctx); }

  struct MemoryUse {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
  };
  MemoryUse memory(const ekd_ctx* ctx) const;
  // Frees what the plugin left, and says what it was. None of its code may run any more.
  MemoryUse release_memory(ekd_ctx* ctx);

  // From now on calls that create something answer EKD_E_DRAINING. Memory may still be had:
  // finishing what is there needs it.
  void stop_admission(ekd_ctx* ctx);
  // Makes the context a tombstone and closes the runtime's owner. What is left of calls and memory
  // goes too. The owner is quiescent, and the calling thread in nobody's code.
  void retire(ekd_ctx* ctx);

 private:
  runtime::Runtime& runtime_;
  host::CallTable calls_;
  runtime::Atomic<std::size_t> live_contexts_{0};
};

}  // namespace ekiden::daemon
