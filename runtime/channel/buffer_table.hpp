// Buffers: blocks of host memory that are passed on without being copied. What somebody holds is a
// *reference*, and a reference is a handle: it belongs to one owner, a second release of it is
// stale, and what an owner leaves behind is found.
//
//           allocate, retain                 take (sent)
//   (free) ──────────────────> held by an  ──────────────> in a channel
//      ^                       owner, with <──────────────      │
//      │                       a handle      give (received)    │
//      └──── release ──────────────┘            drop ───────────┘
//
// The slot moves with the reference: sending makes the sender's handle stale, and receiving gives
// the same slot a new generation and so a new handle. So a message costs no slot and no allocation
// on its way. A block counts its references, and goes with the last one.
//
// Locks. Slots are in shards, each with a lock of its own, and a reference's lock guards what its
// slot says. A block's contents are guarded by nobody: who has the only reference may write, and
// all others read. Nothing is called while a lock is held; the channels call in here under theirs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/slot_arena.hpp"
#include "runtime/channel/limits.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

// In front of the bytes, in one piece of memory with them.
struct alignas(std::max_align_t) BufferBlock {
  Atomic<std::uint32_t> references{1};
  // Changed by trim() alone, while there is one reference.
  std::uint64_t size = 0;

  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
};

// Zero bytes are a free slot.
struct BufferReference {
  enum class State : std::uint8_t { kFree, kHeld, kInChannel };

  BufferBlock* block;
  std::uint32_t index;  // of the handle
  std::uint32_t generation;
  OwnerId owner;  // while held
  TypeId maker;   // who allocated, retained or received it; for lists only
  State state;
};

struct BufferView {
  std::byte* data = nullptr;  // never null, aligned as by malloc
  std::uint64_t size = 0;
};

// Any thread may call everything. A handle that is null or of another kind is kInvalid; one that
// was released or sent is kStale; one of another owner is kForeign.
class BufferTable {
 public:
  BufferTable() = default;
  ~BufferTable();  // frees what is left, also what is in channels
  BufferTable(const BufferTable&) = delete;
  BufferTable& operator=(const BufferTable&) = delete;

  // A new block, not zeroed, and its only reference. kTooBig, kNoMemory; kInvalid: no such owner.
  Status allocate(OwnerId owner, std::uint64_t size, Handle& out, BufferView& view);
  // One more reference to the same block. kNoMemory.
  Status retain(OwnerId owner, Handle buffer, Handle& out);
  Status release(OwnerId owner, Handle buffer);
  // For reading, good as long as the caller holds the reference.
  Status view(OwnerId owner, Handle buffer, BufferView& out) const;
  // For writing. kWrongState: there are other references.
  Status edit(OwnerId owner, Handle buffer, BufferView& out) const;
  // Makes the block's end unreachable. kWrongState as of edit; kTooBig: it is smaller than `size`.
  Status trim(OwnerId owner, Handle buffer, std::uint64_t size) const;

  // --- On its way. A reference in a channel is the channel's alone, which has its own lock -------
  // Out of the owner's hands.
  Status take(OwnerId owner, Handle buffer, BufferReference*& out);
  // Into the owner's hands, with a handle that was never there before. kNoMemory (once in 2^32
  // times a new slot is needed): it stays in the channel.
  Status give(OwnerId owner, BufferReference& reference, Handle& out);

  // Unload: releases what the owner holds; how many those were. Looks at every slot, as the next.
  std::size_t release_all(OwnerId owner);
  // Who made what the owner holds.
  MakerCounts count_makers(OwnerId owner) const;

 private:
  static constexpr std::uint32_t kShards = 16;
  static constexpr std::uint32_t kLastGeneration = ~std::uint32_t{0};
  static_assert(sizeof(BufferReference) <= kCacheLineBytes);
  static_assert(kBufferReferencesMax <= Handle::kIndexMask);

  struct alignas(kCacheLineBytes) Shard {
    mutable Mutex mutex;
    SlotArena arena{kCacheLineBytes, kBufferReferencesMax / kShards};
    SlotArena::Cache cache EKIDEN_GUARDED_BY(mutex);
  };

  static BufferReference& at(const Shard& shard, std::uint32_t place) {
    return *static_cast<BufferReference*>(shard.arena.at(place));
  }
  static Handle handle_of(const Shard& shard, const BufferReference& reference)
      EKIDEN_REQUIRES(shard.mutex);
  // For a reference that the caller has counted already. Null where there is no memory.
  Handle new_reference(OwnerId owner, BufferBlock& block);
  static void free_slot(Shard& shard, BufferReference& reference) EKIDEN_REQUIRES(shard.mutex);
  template <class Body>
  Status with(OwnerId owner, Handle buffer, Body body) const;

  mutable std::array<Shard, kShards> shards_;
};

}  // namespace ekiden::runtime
