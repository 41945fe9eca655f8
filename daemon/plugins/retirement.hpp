// Ending an instance, step by step, so that afterwards no thread runs its code and nothing of the
// daemon points into it. A step that does not come to its end by the deadline leaves everything as
// it is; advance() goes on from there another time, and nothing is freed before.
//
//   drain ──> tasks ──> jobs ──> resources ──> quiet ──> fini ──> release ──> unmap ──> done
//   callback  asked to  queued   timers, fds,  nobody   the last  memory,
//             end       ones go  reservations  inside   callback  context
//
// Why it is safe to unmap: admission was stopped before the first step, so the ledger only falls.
// With the ledger at zero no task or job of the instance exists, so no thread can enter its code
// any more except this one; `quiet` waits for threads that are still inside
// (runtime/task/presence.hpp). Then `fini` is the last of its code that runs, apart from
// destructors in the unmapping itself.
#pragma once

#include <ekiden/plugin.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/plugins/callback.hpp"
#include "daemon/plugins/loaded_plugin.hpp"
#include "daemon/plugins/plugin_result.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {
class Runtime;
}

namespace ekiden::daemon {

class Host;

// An instance as the host knows it.
struct OpenedPlugin {
  LoadedPlugin loaded;
  ekd_ctx* ctx = nullptr;
  runtime::OwnerId owner = runtime::kRuntimeOwner;
  void* self = nullptr;      // what init gave
  bool initialised = false;  // fini is due
  bool started = false;      // drain is due
};

struct RetirementReport {
  std::string drain_problem;         // why drain did not end well; empty: it did, or there is none
  std::vector<LiveType> cancelled;   // tasks that were left when drain was over
  std::size_t unanswered_calls = 0;  // commands that the host has answered in its place
  std::size_t own_threads = 0;       // that it has started and that still run
  bool mapped = false;               // the library is still in the address space
  std::string mapped_because;        // if we decided so: the end of a sentence
  std::uint64_t leaked_blocks = 0;   // host memory that the plugin had not freed
  std::uint64_t leaked_bytes = 0;
  std::vector<MadeThings> leaked;  // what it had not closed, and the host has
};

class Retirement {
 public:
  // Told that the host is about to forget the instance: its context must not be used any more.
  using BeforeRetiring = std::function<void()>;

  // All of them outlive this. keep_mapped: never unmap, for leak checkers, which cannot name what
  // an unmapped library has leaked.
  Retirement(runtime::Runtime& runtime, Host& host, CallbackRunner& callbacks, OpenedPlugin& plugin,
             bool keep_mapped, BeforeRetiring before_retiring);
  Retirement(const Retirement&) = delete;
  Retirement& operator=(const Retirement&) = delete;

  // Goes on until all is done (true) or `deadline_ns` has passed. The instance's admission is
  // stopped. Lifecycle thread.
  [[nodiscard]] bool advance(runtime::Nanos deadline_ns);

  // After advance() was true.
  const RetirementReport& report() const { return report_; }

 private:
  enum class Step : std::uint8_t {
    kDrain,
    kTasks,
    kJobs,
    kResources,
    kQuiet,
    kFini,
    kRelease,
    kUnmap,
    kDone,
  };

  // True: the step is over. False: the deadline has passed.
  bool carry_out(Step step, runtime::Nanos deadline_ns);
  void drain(runtime::Nanos deadline_ns);
  void let_polls_return(runtime::Nanos deadline_ns);
  bool end_tasks(runtime::Nanos deadline_ns);
  bool only_reservations_left() const;
  bool end_jobs(runtime::Nanos deadline_ns);
  void fini();
  void close_resources();
  void release();
  void unmap();

  runtime::Runtime& runtime_;
  Host& host_;
  CallbackRunner& callbacks_;
  OpenedPlugin& plugin_;
  const bool keep_mapped_;
  const BeforeRetiring before_retiring_;

  Step step_ = Step::kDrain;
  RetirementReport report_;
};

}  // namespace ekiden::daemon
