#include "runtime/base/slot_arena.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

namespace {

std::uint32_t chunk_count(std::uint32_t slots) {
  return (slots + SlotArena::kChunkSlots - 1) / SlotArena::kChunkSlots;
}

}  // namespace

SlotArena::SlotArena(std::size_t slot_bytes, std::uint32_t max_slots)
    : slot_bytes_(slot_bytes),
      max_slots_(max_slots),
      chunks_(std::make_unique<Atomic<std::byte*>[]>(chunk_count(max_slots))) {
  EKIDEN_CHECK(slot_bytes % kCacheLineBytes == 0);
  EKIDEN_CHECK(max_slots > 0);
  EKIDEN_CHECK(max_slots <= 1u << 28);
}

SlotArena::~SlotArena() {
  for (std::uint32_t i = 0; i < chunk_count(max_slots_); ++i) {
    if (std::byte* chunk = chunks_[i].load(std::memory_order_relaxed)) {
      munmap(chunk, slot_bytes_ * kChunkSlots);
    }
  }
}

std::uint32_t SlotArena::allocate_slowly(Cache* cache) {
  if (cache != nullptr) {
    if (!refill(*cache)) return kNone;
    return cache->indices_[--cache->count_];
  }
  MutexLock lock(mutex_);
  if (free_.empty()) return take_fresh();
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void SlotArena::release_slowly(std::uint32_t index, Cache* cache) {
  if (cache == nullptr) {
    MutexLock lock(mutex_);
    free_.push_back(index);
    return;
  }
  {
    MutexLock lock(mutex_);
    // The oldest half goes: what was freed last is still warm in this core's cache.
    free_.insert(free_.end(), cache->indices_.begin(), cache->indices_.begin() + Cache::kBatch);
  }
  std::copy(cache->indices_.begin() + Cache::kBatch, cache->indices_.end(),
            cache->indices_.begin());
  cache->count_ -= Cache::kBatch;
  cache->indices_[cache->count_++] = index;
}

void SlotArena::flush(Cache& cache) {
  MutexLock lock(mutex_);
  free_.insert(free_.end(), cache.indices_.begin(), cache.indices_.begin() + cache.count_);
  cache.count_ = 0;
}

bool SlotArena::refill(Cache& cache) {
  MutexLock lock(mutex_);
  const std::size_t reused = std::min(free_.size(), Cache::kBatch);
  std::copy(free_.end() - static_cast<std::ptrdiff_t>(reused), free_.end(), cache.indices_.begin());
  free_.resize(free_.size() - reused);
  cache.count_ = reused;
  if (reused > 0) return true;
  while (cache.count_ < Cache::kBatch) {
    const std::uint32_t index = take_fresh();
    if (index == kNone) break;
    cache.indices_[cache.count_++] = index;
  }
  // Neighbours in memory are handed out in ascending order, which the prefetcher likes.
  std::reverse(cache.indices_.begin(), cache.indices_.begin() + cache.count_);
  return cache.count_ > 0;
}

std::uint32_t SlotArena::take_fresh() {
  const std::uint32_t index = used_.load(std::memory_order_relaxed);  // relaxed: under the mutex
  if (index == max_slots_) return kNone;
  if (index % kChunkSlots == 0) {
    void* memory = mmap(nullptr, slot_bytes_ * kChunkSlots, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return kNone;
    chunks_[index / kChunkSlots].store(static_cast<std::byte*>(memory), std::memory_order_relaxed);
  }
  // release: pairs with the acquire in used_slots(), so a walker finds the chunk.
  used_.store(index + 1, std::memory_order_release);
  return index;
}

std::size_t SlotArena::reserved_bytes() const noexcept {
  return static_cast<std::size_t>(chunk_count(used_slots())) * kChunkSlots * slot_bytes_;
}

}  // namespace ekiden::runtime
