#include "daemon/host/block_ledger.hpp"

#include <cstdlib>
#include <new>
#include <utility>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {

namespace {

constexpr std::size_t kFirstCapacity = 64;

// Spreads the bits of an address, whose low ones are always zero: Fibonacci hashing. The shard
// comes from the top bits, the slot from those below, so that neither repeats the other.
std::uint64_t spread(const void* block) noexcept {
  return (reinterpret_cast<std::uintptr_t>(block) >> 4) * 0x9e3779b97f4a7c15u;
}

}  // namespace

std::size_t BlockTable::home(const void* block) const noexcept {
  return static_cast<std::size_t>(spread(block) >> 20) & (capacity_ - 1);
}

// Where `block` is, or the empty slot where it would be. The table is not full.
std::size_t BlockTable::slot_of(const void* block) const noexcept {
  std::size_t slot = home(block);
  while (entries_[slot].block != nullptr && entries_[slot].block != block)
    slot = after(slot);
  return slot;
}

bool BlockTable::add(void* block, std::uint64_t bytes) noexcept {
  if (2 * (used_ + 1) > capacity_ && !grow()) return false;
  entries_[slot_of(block)] = Entry{block, bytes};
  ++used_;
  bytes_ += bytes;
  return true;
}

bool BlockTable::remove(const void* block) noexcept {
  if (used_ == 0) return false;
  const std::size_t slot = slot_of(block);
  if (entries_[slot].block == nullptr) return false;
  --used_;
  bytes_ -= entries_[slot].bytes;
  close_gap(slot);
  return true;
}

bool BlockTable::grow() noexcept {
  const std::size_t capacity = capacity_ == 0 ? kFirstCapacity : 2 * capacity_;
  std::unique_ptr<Entry[]> larger(new (std::nothrow) Entry[capacity]());
  if (larger == nullptr) return false;
  const std::unique_ptr<Entry[]> old = std::exchange(entries_, std::move(larger));
  const std::size_t old_capacity = std::exchange(capacity_, capacity);
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old[i].block != nullptr) entries_[slot_of(old[i].block)] = old[i];
  }
  return true;
}

// Moves every follower that may stand in the gap into it, so that no search stops short of it.
void BlockTable::close_gap(std::size_t gap) noexcept {
  for (std::size_t slot = after(gap); entries_[slot].block != nullptr; slot = after(slot)) {
    const std::size_t distance_home = (slot - home(entries_[slot].block)) & (capacity_ - 1);
    const std::size_t distance_gap = (slot - gap) & (capacity_ - 1);
    if (distance_home < distance_gap) continue;
    entries_[gap] = entries_[slot];
    gap = slot;
  }
  entries_[gap] = Entry{nullptr, 0};
}

BlockLedger::Shard& BlockLedger::shard_of(const void* block) noexcept {
  return shards_[spread(block) >> (64 - kShardBits)];
}

void* BlockLedger::allocate(std::uint64_t bytes, std::uint32_t align) noexcept {
  if (bytes > kBlockMaxBytes) return nullptr;
  void* block = nullptr;
  if (align <= alignof(std::max_align_t)) {
    block = std::malloc(bytes);
  } else if (::posix_memalign(&block, align, bytes) != 0) {
    block = nullptr;
  }
  if (block == nullptr) return nullptr;
  Shard& shard = shard_of(block);
  {
    const runtime::MutexLock lock(shard.mutex);
    if (shard.table.add(block, bytes)) return block;
  }
  std::free(block);
  return nullptr;
}

bool BlockLedger::free(void* block) noexcept {
  Shard& shard = shard_of(block);
  {
    const runtime::MutexLock lock(shard.mutex);
    if (!shard.table.remove(block)) return false;
  }
  std::free(block);
  return true;
}

BlockTotals BlockLedger::totals() const noexcept {
  BlockTotals sum;
  for (const Shard& shard : shards_) {
    const runtime::MutexLock lock(shard.mutex);
    const BlockTotals part = shard.table.totals();
    sum.blocks += part.blocks;
    sum.bytes += part.bytes;
  }
  return sum;
}

BlockTotals BlockLedger::release_all() noexcept {
  BlockTotals sum;
  for (Shard& shard : shards_) {
    const runtime::MutexLock lock(shard.mutex);
    const BlockTotals part = shard.table.totals();
    sum.blocks += part.blocks;
    sum.bytes += part.bytes;
    shard.table.take_all([](void* block) { std::free(block); });
  }
  return sum;
}

}  // namespace ekiden::daemon::host
