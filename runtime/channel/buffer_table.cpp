#include "runtime/channel/buffer_table.hpp"

#include <new>

namespace ekiden::runtime {

namespace {

BufferBlock* new_block(std::uint64_t size) noexcept {
  void* const memory = ::operator new(sizeof(BufferBlock) + size, std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const block = new (memory) BufferBlock;
  block->size = size;
  return block;
}

// One reference less.
void unreference(BufferBlock& block) noexcept {
  // acq_rel: releases what this holder did with the bytes to whoever frees them or, by the acquire
  // in is_sole(), writes to them; acquires that of all others before freeing.
  if (block.references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block.~BufferBlock();
  ::operator delete(&block);
}

bool is_sole(const BufferBlock& block) noexcept {
  // acquire: pairs with the release in unreference(): what the others read has been read.
  return block.references.load(std::memory_order_acquire) == 1;
}

BufferView view_of(BufferBlock& block) { return {block.bytes(), block.size}; }

// A thread keeps to a shard, and threads spread over them.
std::uint32_t shard_of_thread(std::uint32_t shards) noexcept {
  static Atomic<std::uint32_t> next{0};
  // relaxed: a number of its own for each thread, more or less.
  static thread_local const std::uint32_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine % shards;
}

}  // namespace

BufferTable::~BufferTable() {
  for (Shard& shard : shards_) {
    for (std::uint32_t place = 0; place < shard.arena.used_slots(); ++place) {
      BufferReference& reference = at(shard, place);
      if (reference.state != BufferReference::State::kFree) unreference(*reference.block);
    }
  }
}

// Runs body(shard, reference) under the reference's lock if the handle is good.
template <class Body>
Status BufferTable::with(OwnerId owner, Handle buffer, Body body) const {
  if (buffer.kind() != HandleKind::kBuffer || buffer.is_null()) return Status::kInvalid;
  Shard& shard = shards_[buffer.index() % kShards];
  const std::uint32_t place = buffer.index() / kShards;
  if (place >= shard.arena.used_slots()) return Status::kStale;
  BufferReference& reference = at(shard, place);
  MutexLock lock(shard.mutex);
  if (reference.generation != buffer.generation()) return Status::kStale;
  if (reference.state != BufferReference::State::kHeld) return Status::kStale;
  if (reference.owner != owner) return Status::kForeign;
  return body(shard, reference);
}

Handle BufferTable::handle_of(const Shard&, const BufferReference& reference) {
  return {HandleKind::kBuffer, reference.index, reference.generation};
}

Handle BufferTable::new_reference(OwnerId owner, BufferBlock& block) {
  const std::uint32_t number = shard_of_thread(kShards);
  Shard& shard = shards_[number];
  MutexLock lock(shard.mutex);
  const std::uint32_t place = shard.arena.allocate(&shard.cache);
  if (place == SlotArena::kNone) return {};
  BufferReference& reference = at(shard, place);
  reference.block = &block;
  reference.index = place * kShards + number;
  ++reference.generation;
  reference.owner = owner;
  reference.maker = maker::current();
  reference.state = BufferReference::State::kHeld;
  return handle_of(shard, reference);
}

void BufferTable::free_slot(Shard& shard, BufferReference& reference) {
  reference.block = nullptr;
  reference.state = BufferReference::State::kFree;
  // A slot whose generation would wrap is never used again: its oldest handles would be valid.
  if (reference.generation == kLastGeneration) return;
  shard.arena.release(reference.index / kShards, &shard.cache);
}

Status BufferTable::allocate(OwnerId owner, std::uint64_t size, Handle& out, BufferView& view) {
  if (owner >= kMaxOwners) return Status::kInvalid;
  if (size > kBufferMaxBytes) return Status::kTooBig;
  BufferBlock* const block = new_block(size);
  if (block == nullptr) return Status::kNoMemory;
  const Handle reference = new_reference(owner, *block);
  if (reference.is_null()) {
    unreference(*block);
    return Status::kNoMemory;
  }
  out = reference;
  view = view_of(*block);
  return Status::kOk;
}

Status BufferTable::retain(OwnerId owner, Handle buffer, Handle& out) {
  BufferBlock* block = nullptr;
  const Status status = with(owner, buffer, [&](Shard&, BufferReference& reference) {
    block = reference.block;
    // relaxed: a reference is there, so the block stays; the new one is the caller's own.
    block->references.fetch_add(1, std::memory_order_relaxed);
    return Status::kOk;
  });
  if (status != Status::kOk) return status;
  const Handle another = new_reference(owner, *block);
  if (another.is_null()) {
    unreference(*block);
    return Status::kNoMemory;
  }
  out = another;
  return Status::kOk;
}

Status BufferTable::release(OwnerId owner, Handle buffer) {
  BufferBlock* block = nullptr;
  const Status status = with(owner, buffer, [&](Shard& shard, BufferReference& reference) {
    shard.mutex.assert_held();
    block = reference.block;
    free_slot(shard, reference);
    return Status::kOk;
  });
  if (status == Status::kOk) unreference(*block);
  return status;
}

Status BufferTable::view(OwnerId owner, Handle buffer, BufferView& out) const {
  return with(owner, buffer, [&](Shard&, BufferReference& reference) {
    out = view_of(*reference.block);
    return Status::kOk;
  });
}

Status BufferTable::edit(OwnerId owner, Handle buffer, BufferView& out) const {
  return with(owner, buffer, [&](Shard&, BufferReference& reference) {
    if (!is_sole(*reference.block)) return Status::kWrongState;
    out = view_of(*reference.block);
    return Status::kOk;
  });
}

Status BufferTable::trim(OwnerId owner, Handle buffer, std::uint64_t size) const {
  return with(owner, buffer, [&](Shard&, BufferReference& reference) {
    if (!is_sole(*reference.block)) return Status::kWrongState;
    if (size > reference.block->size) return Status::kTooBig;
    reference.block->size = size;
    return Status::kOk;
  });
}

Status BufferTable::take(OwnerId owner, Handle buffer, BufferReference*& out) {
  return with(owner, buffer, [&](Shard&, BufferReference& reference) {
    reference.state = BufferReference::State::kInChannel;
    out = &reference;
    return Status::kOk;
  });
}

Status BufferTable::give(OwnerId owner, BufferReference& reference, Handle& out) {
  Shard& shard = shards_[reference.index % kShards];
  BufferBlock* block = nullptr;
  {
    MutexLock lock(shard.mutex);
    if (reference.generation != kLastGeneration) {
      ++reference.generation;
      reference.owner = owner;
      reference.maker = maker::current();
      reference.state = BufferReference::State::kHeld;
      out = handle_of(shard, reference);
      return Status::kOk;
    }
    block = reference.block;
  }
  const Handle other = new_reference(owner, *block);
  if (other.is_null()) return Status::kNoMemory;
  out = other;
  MutexLock lock(shard.mutex);
  free_slot(shard, reference);
  return Status::kOk;
}

std::size_t BufferTable::release_all(OwnerId owner) {
  std::size_t released = 0;
  for (Shard& shard : shards_) {
    for (std::uint32_t place = 0; place < shard.arena.used_slots(); ++place) {
      MutexLock lock(shard.mutex);
      BufferReference& reference = at(shard, place);
      if (reference.state != BufferReference::State::kHeld || reference.owner != owner) continue;
      BufferBlock& block = *reference.block;
      free_slot(shard, reference);
      unreference(block);
      ++released;
    }
  }
  return released;
}

MakerCounts BufferTable::count_makers(OwnerId owner) const {
  MakerCounts counts;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (std::uint32_t place = 0; place < shard.arena.used_slots(); ++place) {
      const BufferReference& reference = at(shard, place);
      if (reference.state != BufferReference::State::kHeld || reference.owner != owner) continue;
      ++counts[reference.maker];
    }
  }
  return counts;
}

}  // namespace ekiden::runtime
