// Memory for coroutine frames: room in the task's own slot where a spawn offers it, else blocks of
// the host's memory service, which counts them for the plugin. A thread keeps a few blocks that are
// free, so that a child that is awaited in a loop costs no call.
//
// Every frame has a word in front of it that says where it came from, for it may be freed on
// another thread.
#pragma once

#include <ekiden/sdk/host.hpp>

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

struct FrameMemory {
  static constexpr std::size_t kHeaderBytes = 16;  // keeps the frame aligned
  static constexpr std::size_t kStepBytes = 64;
  static constexpr std::size_t kClasses = 16;  // blocks up to 1 KiB are kept
  static constexpr unsigned kKeptMax = 16;     // of a class, on one thread
  static constexpr std::uint64_t kInSlot = 0;  // origins; else a class, or
  static constexpr std::uint64_t kUncached = ~std::uint64_t{0};

  struct Free {
    Free* next;
  };

  // The first frame made now may go there. `wanted` then says what it took, or would have.
  bool offers = false;
  std::byte* slot = nullptr;
  std::size_t slot_bytes = 0;
  std::size_t wanted = 0;
  unsigned made = 0;  // frames since the last offer

  unsigned kept[kClasses] = {};
  Free* free[kClasses] = {};

  const std::uint32_t epoch = bound.epoch;
  FrameMemory* next = nullptr;  // of another thread
};

// Those of all threads, also of threads that have ended: what these kept is given back at the end
// of the instance, with all the rest.
inline constinit std::atomic<FrameMemory*> all_frame_memory{nullptr};

struct ThisThread {
  FrameMemory* memory;
  std::uint32_t epoch;  // of the binding that it belongs to
};
inline thread_local constinit ThisThread this_thread{};

[[gnu::noinline]] inline FrameMemory& begin_frame_memory() {
  auto* const memory = new FrameMemory;
  // release: pairs with the acquire in end_frame_memory().
  memory->next = all_frame_memory.load(std::memory_order_relaxed);
  while (!all_frame_memory.compare_exchange_weak(memory->next, memory, std::memory_order_release,
                                                 std::memory_order_relaxed)) {
  }
  this_thread = {memory, bound.epoch};
  return *memory;
}

inline FrameMemory& frame_memory() {
  ThisThread& here = this_thread;
  return here.epoch == bound.epoch ? *here.memory : begin_frame_memory();
}

// No coroutine of the binding is left on any thread.
inline void end_frame_memory() noexcept {
  FrameMemory* memory = all_frame_memory.exchange(nullptr, std::memory_order_acquire);
  while (memory != nullptr) {
    // A binding that was not ended has taken its blocks with it.
    for (FrameMemory::Free* block : memory->free)
      while (block != nullptr && memory->epoch == bound.epoch)
        bound.memory->free(bound.ctx, std::exchange(block, block->next));
    delete std::exchange(memory, memory->next);
  }
}

inline std::byte* begin_frame(std::byte* block, std::uint64_t origin) {
  *reinterpret_cast<std::uint64_t*>(block) = origin;
  return block + FrameMemory::kHeaderBytes;
}

inline std::byte* take_block(FrameMemory& memory, std::size_t total) {
  const std::size_t size_class = (total - 1) / FrameMemory::kStepBytes;
  const bool kept = size_class < FrameMemory::kClasses;
  if (kept) {
    if (FrameMemory::Free* const block = memory.free[size_class]) {
      memory.free[size_class] = block->next;
      --memory.kept[size_class];
      return begin_frame(reinterpret_cast<std::byte*>(block), size_class + 1);
    }
    total = (size_class + 1) * FrameMemory::kStepBytes;
  }
  void* const block = bound.memory->alloc(bound.ctx, total, 16);
  if (block == nullptr) throw std::bad_alloc();
  return begin_frame(static_cast<std::byte*>(block),
                     kept ? size_class + 1 : FrameMemory::kUncached);
}

inline void* allocate_frame(std::size_t size) {
  FrameMemory& memory = frame_memory();
  const std::size_t total = size + FrameMemory::kHeaderBytes;
  ++memory.made;
  if (std::exchange(memory.offers, false)) {
    memory.wanted = total;
    if (total <= memory.slot_bytes) return begin_frame(memory.slot, FrameMemory::kInSlot);
  }
  return take_block(memory, total);
}

inline void free_frame(void* frame) noexcept {
  auto* const block = static_cast<std::byte*>(frame) - FrameMemory::kHeaderBytes;
  const std::uint64_t origin = *reinterpret_cast<std::uint64_t*>(block);
  if (origin == FrameMemory::kInSlot) return;
  if (origin != FrameMemory::kUncached) {
    FrameMemory& memory = frame_memory();
    const std::size_t size_class = origin - 1;
    if (memory.kept[size_class] < FrameMemory::kKeptMax) {
      auto* const entry = ::new (block) FrameMemory::Free{memory.free[size_class]};
      memory.free[size_class] = entry;
      ++memory.kept[size_class];
      return;
    }
  }
  bound.memory->free(bound.ctx, block);
}

}  // namespace detail

EKIDEN_SDK_END
