// Type-stable slots: memory that once held a slot of this arena holds one for ever, so a reader
// with an old index sees another generation of the same type, never foreign bytes.
//
// Free slots are kept as indices: a cache a thread (no lock), and a central pool under a mutex.
// A cache that runs over gives half away in one go, so slots freed by a thread that allocates none
// flow back instead of being hoarded (the shape is Bonwick's magazines, "Magazines and Vmem",
// 2001). Fresh memory comes from mmap in chunks, zeroed, touched only when first used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::runtime {

class SlotArena {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint32_t kChunkSlots = 4096;

  // Indices that one thread may take and give without a lock. Owned by exactly one thread at a
  // time.
  class Cache {
   public:
    static constexpr std::size_t kCapacity = 128;
    static constexpr std::size_t kBatch = kCapacity / 2;

   private:
    friend class SlotArena;
    std::size_t count_ = 0;
    std::array<std::uint32_t, kCapacity> indices_;
  };

  // `slot_bytes`: a multiple of kCacheLineBytes. `max_slots`: at most 2^28.
  SlotArena(std::size_t slot_bytes, std::uint32_t max_slots);
  ~SlotArena();
  SlotArena(const SlotArena&) = delete;
  SlotArena& operator=(const SlotArena&) = delete;

  // An index, or kNone when max_slots are in use (or in other threads' caches) or the system has no
  // memory. `cache` may be null (a thread without one takes from the central pool). A slot that
  // comes back has the contents that its last user left; one never used is all zero.
  [[nodiscard]] std::uint32_t allocate(Cache* cache) {
    if (cache == nullptr || cache->count_ == 0) return allocate_slowly(cache);
    // The slot after the next few is fetched for writing: a new task's slot has been out of this
    // core's cache for long, and a spawn must not wait for it.
    if (cache->count_ > kFetchAhead) {
      const std::uint32_t soon = cache->indices_[cache->count_ - 1 - kFetchAhead];
      __builtin_prefetch(at(soon), /*rw=*/1);
      __builtin_prefetch(static_cast<std::byte*>(at(soon)) + kCacheLineBytes, /*rw=*/1);
    }
    return cache->indices_[--cache->count_];
  }
  void release(std::uint32_t index, Cache* cache) {
    if (cache == nullptr || cache->count_ == Cache::kCapacity) return release_slowly(index, cache);
    cache->indices_[cache->count_++] = index;
  }
  // Gives everything in the cache to the central pool (a thread that leaves).
  void flush(Cache& cache);

  // The slot's memory. Any thread; `index` below used_slots().
  void* at(std::uint32_t index) const noexcept {
    // relaxed: an index reaches another thread only by a release/acquire path that began after the
    // chunk was stored; walkers take the acquire of used_slots().
    std::byte* chunk = chunks_[index / kChunkSlots].load(std::memory_order_relaxed);
    return chunk + static_cast<std::size_t>(index % kChunkSlots) * slot_bytes_;
  }

  // Every index ever handed out is below it. It never falls. Also the bound for untrusted indices.
  std::uint32_t used_slots() const noexcept { return used_.load(std::memory_order_acquire); }
  std::size_t slot_bytes() const noexcept { return slot_bytes_; }
  std::size_t reserved_bytes() const noexcept;

 private:
  static constexpr std::size_t kFetchAhead = 8;

  std::uint32_t allocate_slowly(Cache* cache);
  void release_slowly(std::uint32_t index, Cache* cache);
  bool refill(Cache& cache);
  std::uint32_t take_fresh() EKIDEN_REQUIRES(mutex_);

  const std::size_t slot_bytes_;
  const std::uint32_t max_slots_;
  const std::unique_ptr<Atomic<std::byte*>[]> chunks_;
  Atomic<std::uint32_t> used_{0};

  Mutex mutex_;
  std::vector<std::uint32_t> free_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::runtime
