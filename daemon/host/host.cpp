#include "daemon/host/host.hpp"

#include <utility>
#include <vector>

#include "daemon/host/context.hpp"
#include "daemon/host/limits.hpp"
#include "daemon/host/services.hpp"
#include "runtime/base/check.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {

using host::Instance;
using runtime::Status;

namespace {

constexpr const char* kUnansweredText = "the plugin was unloaded before it answered";

Instance& instance_of(const ekd_ctx* ctx) {
  EKIDEN_CHECK(host::is_context(ctx));
  EKIDEN_CHECK(ctx->live != nullptr);
  return *ctx->live;
}

Host::MemoryUse use_of(host::BlockTotals totals) { return {totals.blocks, totals.bytes}; }

}  // namespace

Host::Host(runtime::Runtime& runtime) : runtime_(runtime) { host::set_wake_runtime(&runtime); }

Host::~Host() {
  EKIDEN_CHECK(live_contexts_.load(std::memory_order_acquire) == 0);
  host::set_wake_runtime(nullptr);
}

const ekd_host* Host::table() const { return &host::host_table(); }

Status Host::open(std::string plugin, std::uint32_t generation, std::uint64_t task_limit,
                  ekd_ctx*& out) {
  if (plugin.empty() || plugin.size() > host::kPluginNameMaxBytes) return Status::kInvalid;
  runtime::OwnerId owner = runtime::kRuntimeOwner;
  const Status status = runtime_.owner_open(plugin, task_limit, owner);
  if (status != Status::kOk) return status;
  out = host::make_context("plugin." + plugin, owner, generation, runtime_, calls_);
  live_contexts_.fetch_add(1, std::memory_order_relaxed);  // relaxed: read when all is over
  return Status::kOk;
}

runtime::OwnerId Host::owner(const ekd_ctx* ctx) const { return ctx->owner; }

void Host::expect_lifecycle_done(ekd_ctx* ctx,
                                 std::function<void(std::int32_t code, std::string text)> done) {
  Instance& instance = instance_of(ctx);
  const runtime::MutexLock lock(instance.mutex);
  instance.lifecycle_done.swap(done);
}

void Host::forget_lifecycle_done(ekd_ctx* ctx) { expect_lifecycle_done(ctx, nullptr); }

ekd_call Host::open_call(ekd_ctx* ctx, AnswerFn answer, ProgressFn progress) {
  const ekd_call call = calls_.open(ctx, std::move(answer), std::move(progress));
  if (call == 0) answer({EKD_E_FULL, {}, "too many commands wait for plugins to answer"});
  return call;
}

void Host::close_call(ekd_call call, CallAnswer answer) {
  AnswerFn waiting;
  if (calls_.take(nullptr, call, waiting) == Status::kOk) waiting(std::move(answer));
}

std::size_t Host::drop_calls(ekd_ctx* ctx) {
  const std::vector<AnswerFn> waiting = calls_.take_all(ctx);
  for (const AnswerFn& answer : waiting)
    answer({EKD_E_CANCELLED, {}, kUnansweredText});
  return waiting.size();
}

Host::MemoryUse Host::memory(const ekd_ctx* ctx) const {
  return use_of(instance_of(ctx).blocks.totals());
}

Host::MemoryUse Host::release_memory(ekd_ctx* ctx) {
  return use_of(instance_of(ctx).blocks.release_all());
}

void Host::stop_admission(ekd_ctx* ctx) { runtime_.owner_stop_admission(ctx->owner); }

void Host::retire(ekd_ctx* ctx) {
  stop_admission(ctx);
  host::bury_context(ctx);
  // Behind the burial: until then a thread of the plugin's own may answer, which is as good.
  drop_calls(ctx);
  runtime_.owner_close(ctx->owner);
  live_contexts_.fetch_sub(1, std::memory_order_release);
}

}  // namespace ekiden::daemon
