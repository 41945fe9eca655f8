// Which memory a plugin holds from the host: address and size of every block, kept outside the
// blocks.
//
// A header in front of each block would be a little cheaper. But then a bad free has to read in
// front of an address that may be anything, a second free reads memory that was given back, and a
// plugin that writes in front of its block breaks the host's list. A table beside them knows every
// block exactly, whatever the plugin does, and leaves the plugin's own overruns to the tools that
// look for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::host {

struct BlockTotals {
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;
};

// Address -> size, open addressing with linear probing and no tombstones (a removal moves the
// followers back: Knuth, volume 3, algorithm 6.4 R). Half full at most. One thread at a time.
class BlockTable {
 public:
  // False where there is no memory to grow. `block` is not in it yet.
  bool add(void* block, std::uint64_t bytes) noexcept;
  // False where it is not in it.
  bool remove(const void* block) noexcept;
  BlockTotals totals() const noexcept { return {used_, bytes_}; }
  // Calls visit(block) for each, and is empty afterwards.
  template <class Visit>
  void take_all(Visit&& visit) {
    for (std::size_t i = 0; i < capacity_; ++i) {
      if (entries_[i].block != nullptr) visit(entries_[i].block);
    }
    entries_.reset();
    capacity_ = used_ = 0;
    bytes_ = 0;
  }

 private:
  struct Entry {
    void* block;
    std::uint64_t bytes;
  };

  std::size_t home(const void* block) const noexcept;
  std::size_t after(std::size_t slot) const noexcept { return (slot + 1) & (capacity_ - 1); }
  std::size_t slot_of(const void* block) const noexcept;
  bool grow() noexcept;
  void close_gap(std::size_t gap) noexcept;

  std::unique_ptr<Entry[]> entries_;
  std::size_t capacity_ = 0;  // 0 or a power of two
  std::size_t used_ = 0;
  std::uint64_t bytes_ = 0;
};

// Any thread may call any member. An address always falls into the same shard, so threads that
// allocate at the same time seldom meet.
class BlockLedger {
 public:
  BlockLedger() = default;
  ~BlockLedger() { release_all(); }
  BlockLedger(const BlockLedger&) = delete;
  BlockLedger& operator=(const BlockLedger&) = delete;

  // `bytes` at least 1, `align` 0 or a power of two. Null where there is no memory, or `bytes` is
  // over kBlockMaxBytes.
  void* allocate(std::uint64_t bytes, std::uint32_t align) noexcept;
  // False, and nothing is touched, where `block` is none of this ledger's.
  bool free(void* block) noexcept;
  BlockTotals totals() const noexcept;
  // Frees what is left; answers what that was.
  BlockTotals release_all() noexcept;

 private:
  static constexpr unsigned kShardBits = 3;

  struct alignas(runtime::kCacheLineBytes) Shard {
    mutable runtime::Mutex mutex;
    BlockTable table EKIDEN_GUARDED_BY(mutex);
  };

  Shard& shard_of(const void* block) noexcept;

  std::array<Shard, 1u << kShardBits> shards_;
};

}  // namespace ekiden::daemon::host
