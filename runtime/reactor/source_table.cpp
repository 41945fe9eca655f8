#include "runtime/reactor/source_table.hpp"

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

SourceTable::SourceTable(SourceCloser& closer)
    : closer_(closer),
      slots_(sizeof(Source), kMaxSources),
      counts_(std::make_unique<Atomic<std::uint32_t>[]>(kMaxOwners)) {}

Handle SourceTable::reserve() {
  const std::uint32_t index = slots_.allocate(nullptr);
  if (index == SlotArena::kNone) return {};
  return Handle(HandleKind::kIo, index, at(index).life.next_generation());
}

void SourceTable::publish(Handle handle, OwnerId owner) {
  EKIDEN_CHECK(owner < kMaxOwners);
  // relaxed: whoever asks for the count has its own reason to know of the source.
  counts_[owner].fetch_add(1, std::memory_order_relaxed);
  Source& source = at(handle.index());
  source.owner = owner;
  source.maker = maker::current();
  source.life.open(handle.generation());
}

void SourceTable::abandon(Handle handle) { slots_.release(handle.index(), nullptr); }

Source* SourceTable::peek(Handle handle) {
  if (handle.kind() != HandleKind::kIo || handle.index() >= slots_.used_slots()) return nullptr;
  return &at(handle.index());
}

SourceUse SourceTable::use_any(Handle handle) {
  Source* const source = peek(handle);
  if (source == nullptr || !source->life.try_pin(handle.generation())) return {};
  return {*this, handle.index(), *source};
}

Status SourceTable::use(OwnerId owner, Handle handle, SourceUse& use) {
  SourceUse found = use_any(handle);
  if (!found) return Status::kStale;
  if (found->owner != owner) return Status::kForeign;
  use = std::move(found);
  return Status::kOk;
}

std::size_t SourceTable::count(OwnerId owner) const {
  EKIDEN_CHECK(owner < kMaxOwners);
  // acquire: pairs with the release in leave(): who sees zero sees every descriptor closed.
  return counts_[owner].load(std::memory_order_acquire);
}

void SourceTable::leave(std::uint32_t index, Source& source) {
  if (source.life.unpin() != SourceLife::Unpin::kLast) return;
  const OwnerId owner = source.owner;
  closer_.close_descriptor(source);
  if (source.life.retire()) slots_.release(index, nullptr);
  counts_[owner].fetch_sub(1, std::memory_order_release);
}

}  // namespace ekiden::runtime
