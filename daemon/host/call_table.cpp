#include "daemon/host/call_table.hpp"

#include <algorithm>
#include <utility>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {

using runtime::Handle;
using runtime::HandleKind;
using runtime::MutexLock;
using runtime::Status;

static_assert(kCallKind != HandleKind::kTask && kCallKind != HandleKind::kTimer &&
                  kCallKind != HandleKind::kIo && kCallKind != HandleKind::kJob &&
                  kCallKind != HandleKind::kSender && kCallKind != HandleKind::kReceiver &&
                  kCallKind != HandleKind::kBuffer,
              "a call is never taken for a handle of the runtime");

ekd_call CallTable::open(const ekd_ctx* ctx, AnswerFn&& answer, ProgressFn progress) {
  auto shared = progress ? std::make_shared<const ProgressFn>(std::move(progress)) : nullptr;
  const MutexLock lock(mutex_);
  if (free_.empty()) {
    if (slots_.size() >= kOpenCallsMax) return 0;
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.ctx = ctx;
  slot.answer = std::move(answer);
  slot.progress = std::move(shared);
  ++slot.generation;
  return Handle(kCallKind, index, slot.generation).bits();
}

Status CallTable::find(const ekd_ctx* ctx, ekd_call call, std::uint32_t& index) const {
  const Handle handle(call);
  if (handle.is_null() || handle.kind() != kCallKind) return Status::kStale;
  if (handle.index() >= slots_.size()) return Status::kStale;
  const Slot& slot = slots_[handle.index()];
  if (slot.ctx == nullptr || slot.generation != handle.generation()) return Status::kStale;
  if (ctx != nullptr && slot.ctx != ctx) return Status::kForeign;
  index = handle.index();
  return Status::kOk;
}

Status CallTable::take(const ekd_ctx* ctx, ekd_call call, AnswerFn& out) {
  const MutexLock lock(mutex_);
  std::uint32_t index = 0;
  const Status status = find(ctx, call, index);
  if (status == Status::kOk) out = close(index);
  return status;
}

Status CallTable::progress_of(const ekd_ctx* ctx, ekd_call call,
                              std::shared_ptr<const ProgressFn>& out) {
  const MutexLock lock(mutex_);
  std::uint32_t index = 0;
  const Status status = find(ctx, call, index);
  if (status == Status::kOk) out = slots_[index].progress;
  return status;
}

std::vector<AnswerFn> CallTable::take_all(const ekd_ctx* ctx) {
  std::vector<AnswerFn> taken;
  const MutexLock lock(mutex_);
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].ctx == ctx) taken.push_back(close(index));
  }
  return taken;
}

std::size_t CallTable::count(const ekd_ctx* ctx) const {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [ctx](const Slot& slot) { return slot.ctx == ctx; }));
}

AnswerFn CallTable::close(std::uint32_t index) {
  Slot& slot = slots_[index];
  slot.ctx = nullptr;
  slot.progress = nullptr;
  // A slot whose generation would wrap is not used again: no old handle ever names a new call.
  if (slot.generation != ~std::uint32_t{0}) free_.push_back(index);
  return std::exchange(slot.answer, nullptr);
}

}  // namespace ekiden::daemon::host
