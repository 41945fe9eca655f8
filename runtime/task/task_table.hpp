// All task slots: one arena a size class. A handle's index is 2 bits of class and 26 of slot.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/slot_arena.hpp"
#include "runtime/task/task_header.hpp"

namespace ekiden::runtime {

class TaskTable {
 public:
  // Free slots of one thread.
  using Caches = std::array<SlotArena::Cache, kTaskSlotBytes.size()>;

  TaskTable();

  // A reserved task with room for its state, or null when memory is out. `caches` may be null.
  TaskHeader* allocate(TaskType& type, const SlotLayout& layout, Nanos now, Caches* caches,
                       StateWord::Claim claim = StateWord::Claim::kFree) {
    if (layout.heap_bytes != 0) return allocate_with_heap(type, layout, now, caches, claim);
    return allocate_slot(type, layout, now, caches, nullptr, claim);
  }
  // The slot's last reference is gone.
  void free(TaskHeader& task, Caches* caches) {
    if ((task.bits & TaskHeader::kBitExternalState) != 0 ||
        task.extra.load(std::memory_order_relaxed) != 0) {
      free_outside(task);
    }
    const unsigned size_class = task.index >> kSlotBits;
    arenas_[size_class].release(task.index & kSlotMask,
                                caches != nullptr ? &(*caches)[size_class] : nullptr);
  }
  void flush(Caches& caches);

  // The slot that the handle names, whatever lives in it now; null if there never was one. The
  // caller compares the generation.
  TaskHeader* find(Handle handle) const noexcept {
    if (handle.kind() != HandleKind::kTask || handle.is_null()) return nullptr;
    return find_index(handle.index());
  }
  TaskHeader* find_index(std::uint32_t index) const noexcept {
    const SlotArena& arena = arenas_[index >> kSlotBits];
    const std::uint32_t slot = index & kSlotMask;
    return slot < arena.used_slots() ? static_cast<TaskHeader*>(arena.at(slot)) : nullptr;
  }
  // The same for an index that is known to be in use (a task in hand): no bounds check.
  TaskHeader* at(std::uint32_t index) const noexcept {
    return static_cast<TaskHeader*>(arenas_[index >> kSlotBits].at(index & kSlotMask));
  }

  // Every slot behind index `after` (nullopt: all) in ascending order, until `visit` says false.
  // Slots come and go meanwhile: look at the state word first.
  void walk(std::optional<std::uint32_t> after,
            const std::function<bool(TaskHeader&, std::uint32_t index)>& visit) const;

  // Run their argument with the task's extra under the lock. `use` gets null if there is none,
  // `edit` a new one.
  void with_extra(const TaskHeader& task, const std::function<void(const TaskExtra*)>& use) const;
  void edit_extra(TaskHeader& task, const std::function<void(TaskExtra&)>& edit);

  std::size_t reserved_bytes() const noexcept;

 private:
  TaskHeader* allocate_with_heap(TaskType& type, const SlotLayout& layout, Nanos now,
                                 Caches* caches, StateWord::Claim claim);
  // Gives back what the task has outside its slot.
  void free_outside(TaskHeader& task);
  // `heap`: the memory of a state that does not fit, or null.
  TaskHeader* allocate_slot(TaskType& type, const SlotLayout& layout, Nanos now, Caches* caches,
                            void* heap, StateWord::Claim claim) {
    SlotArena& arena = arenas_[layout.size_class];
    SlotArena::Cache* cache = caches != nullptr ? &(*caches)[layout.size_class] : nullptr;
    for (;;) {
      const std::uint32_t slot = arena.allocate(cache);
      if (slot == SlotArena::kNone) return nullptr;
      // Zeroed memory from mmap is a TaskHeader of generation 0: all members are trivial or
      // atomics.
      auto* task = static_cast<TaskHeader*>(arena.at(slot));
      task->index = std::uint32_t{layout.size_class} << kSlotBits | slot;
      task->state_offset16 = layout.offset16;
      task->bits = 0;
      if (heap != nullptr) task->set_external_state(heap);
      task->begin_life(type, now);
      // Last, because this is what listers look at first. False: the slot's generations are used
      // up. It is never given back: retired.
      if (task->state.reserve(claim)) return task;
    }
  }
  TaskExtra& extra_of(TaskHeader& task) EKIDEN_REQUIRES(extra_mutex_);

  static constexpr unsigned kSlotBits = 26;
  static constexpr std::uint32_t kSlotMask = (1u << kSlotBits) - 1;

  std::array<SlotArena, kTaskSlotBytes.size()> arenas_;
  mutable Mutex extra_mutex_;
  std::vector<std::unique_ptr<TaskExtra>> extras_ EKIDEN_GUARDED_BY(extra_mutex_);  // number - 1
  std::vector<std::uint32_t> free_extras_ EKIDEN_GUARDED_BY(extra_mutex_);
};

}  // namespace ekiden::runtime
