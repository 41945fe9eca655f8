#include "daemon/host/context.hpp"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/task/presence.hpp"

namespace ekiden::daemon::host {

namespace {

// Every context ever made. Never destroyed: threads that a plugin left behind may call late, even
// while the process ends.
class Contexts {
 public:
  ekd_ctx* add(std::unique_ptr<ekd_ctx> ctx) {
    const runtime::MutexLock lock(mutex_);
    all_.push_back(std::move(ctx));
    return all_.back().get();
  }

 private:
  runtime::Mutex mutex_;
  std::vector<std::unique_ptr<ekd_ctx>> all_ EKIDEN_GUARDED_BY(mutex_);
};

Contexts& contexts() {
  static Contexts* const instance = new Contexts;
  return *instance;
}

}  // namespace

ekd_ctx* make_context(std::string component, runtime::OwnerId owner, std::uint32_t generation,
                      runtime::Runtime& runtime, CallTable& calls) {
  // The component is "plugin.<name>".
  std::string plugin = component.substr(component.find('.') + 1);
  auto instance = std::make_unique<Instance>(runtime, calls, std::move(plugin));
  auto ctx = std::make_unique<ekd_ctx>();
  ctx->owner = owner;
  ctx->generation = generation;
  ctx->component = std::move(component);
  ctx->live = instance.get();
  ekd_ctx* const made = contexts().add(std::move(ctx));
  instance.release();  // bury_context() owns it from here on
  return made;
}

void bury_context(ekd_ctx* ctx) {
  namespace presence = runtime::presence;
  EKIDEN_CHECK(presence::this_thread().current.load(std::memory_order_relaxed) ==
               presence::kNobody);
  // seq_cst: the first half of the pair that host_call.hpp describes.
  const ContextState before =
      ctx->state.exchange(ContextState::kTombstone, std::memory_order_seq_cst);
  EKIDEN_CHECK(before == ContextState::kLive);
  while (presence::anyone_in(ctx->owner))
    std::this_thread::yield();
  const std::unique_ptr<Instance> finished(std::exchange(ctx->live, nullptr));
}

}  // namespace ekiden::daemon::host
