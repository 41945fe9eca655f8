// What a plugin's `ekd_ctx*` points to: who calls, and whether it still may.
//
// A context is made when its instance is opened and never freed, so that a call which comes too
// late finds a tombstone and not foreign memory. What an instance needs only while it lives hangs
// behind `live` and goes when it is retired:
//
//   make_context ──> kLive ──bury_context──> kTombstone
//
// Whether the instance takes new work is the runtime's to know (Runtime::admits).
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "daemon/host/block_ledger.hpp"
#include "daemon/host/misuse.hpp"
#include "daemon/metrics/own_metrics.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::host {

class CallTable;

using LifecycleDone = std::function<void(std::int32_t code, std::string text)>;

struct Instance {
  Instance(runtime::Runtime& runtime_of_host, CallTable& calls_of_host, std::string plugin)
      : runtime(runtime_of_host), calls(calls_of_host), metrics(std::move(plugin)) {}

  runtime::Runtime& runtime;
  CallTable& calls;

  // Any thread.
  BlockLedger blocks;
  MisuseCounters misuse;
  metrics::PluginMetrics metrics;

  runtime::Mutex mutex;
  LifecycleDone lifecycle_done EKIDEN_GUARDED_BY(mutex);
};

enum class ContextState : std::uint32_t { kLive, kTombstone };

}  // namespace ekiden::daemon::host

struct alignas(ekiden::runtime::kCacheLineBytes) ekd_ctx {
  static constexpr std::uint64_t kMagic = UINT64_C(0x317478632e646b65);  // "ekd.cxt1"

  // Immutable.
  const std::uint64_t magic = kMagic;
  ekiden::runtime::OwnerId owner = ekiden::runtime::kRuntimeOwner;
  std::uint32_t generation = 0;
  std::string component;  // "plugin.<name>", for the log

  // Written by bury_context, once.
  ekiden::runtime::Atomic<ekiden::daemon::host::ContextState> state{
      ekiden::daemon::host::ContextState::kLive};
  // Null in a tombstone. Who may read it and when: host_call.hpp.
  ekiden::daemon::host::Instance* live = nullptr;

  // Any thread: calls that came too late.
  ekiden::runtime::Atomic<std::uint32_t> late_calls{0};
};

namespace ekiden::daemon::host {

// A new context that is live. It stays for as long as the process.
ekd_ctx* make_context(std::string component, runtime::OwnerId owner, std::uint32_t generation,
                      runtime::Runtime& runtime, CallTable& calls);

// Makes it a tombstone, waits until every host call that is inside has left (none of them blocks),
// and frees what only the living need. Nothing of the instance may run any more but threads that
// the plugin started itself; the calling thread is in nobody's code.
void bury_context(ekd_ctx* ctx);

// False for NULL and, as far as it can be seen, for what is no context.
inline bool is_context(const ekd_ctx* ctx) noexcept {
  return ctx != nullptr && reinterpret_cast<std::uintptr_t>(ctx) % alignof(ekd_ctx) == 0 &&
         ctx->magic == ekd_ctx::kMagic;
}

}  // namespace ekiden::daemon::host
