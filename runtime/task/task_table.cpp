#include "runtime/task/task_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

TaskTable::TaskTable()
    : arenas_{SlotArena(kTaskSlotBytes[0], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[1], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[2], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[3], 1u << kSlotBits)} {}

TaskHeader* TaskTable::allocate_with_heap(TaskType& type, const SlotLayout& layout, Nanos now,
                                          Caches* caches, StateWord::Claim claim) {
  void* memory = std::aligned_alloc(kStateAlignMax, layout.heap_bytes);
  if (memory == nullptr) return nullptr;
  TaskHeader* task = allocate_slot(type, layout, now, caches, memory, claim);
  if (task == nullptr) std::free(memory);
  return task;
}

void TaskTable::free_outside(TaskHeader& task) {
  if (task.bits & TaskHeader::kBitExternalState) std::free(task.state_memory());
  if (const std::uint32_t number = task.extra.load(std::memory_order_relaxed); number != 0) {
    MutexLock lock(extra_mutex_);
    *extras_[number - 1] = TaskExtra();
    free_extras_.push_back(number);
    task.extra.store(0, std::memory_order_relaxed);
  }
}

void TaskTable::flush(Caches& caches) {
  for (std::size_t c = 0; c < caches.size(); ++c)
    arenas_[c].flush(caches[c]);
}

void TaskTable::walk(std::optional<std::uint32_t> after,
                     const std::function<bool(TaskHeader&, std::uint32_t)>& visit) const {
  const std::uint32_t first = after ? *after + 1 : 0;
  for (std::uint32_t c = first >> kSlotBits; c < arenas_.size(); ++c) {
    const std::uint32_t used = arenas_[c].used_slots();
    for (std::uint32_t slot = c == first >> kSlotBits ? first & kSlotMask : 0; slot < used;
         ++slot) {
      if (!visit(*static_cast<TaskHeader*>(arenas_[c].at(slot)), c << kSlotBits | slot)) return;
    }
  }
}

void TaskTable::with_extra(const TaskHeader& task,
                           const std::function<void(const TaskExtra*)>& use) const {
  if (task.extra.load(std::memory_order_relaxed) == 0) return use(nullptr);
  MutexLock lock(extra_mutex_);
  const std::uint32_t number = task.extra.load(std::memory_order_relaxed);
  use(number == 0 ? nullptr : extras_[number - 1].get());
}

void TaskTable::edit_extra(TaskHeader& task, const std::function<void(TaskExtra&)>& edit) {
  MutexLock lock(extra_mutex_);
  edit(extra_of(task));
}

TaskExtra& TaskTable::extra_of(TaskHeader& task) {
  std::uint32_t number = task.extra.load(std::memory_order_relaxed);
  if (number == 0) {
    if (free_extras_.empty()) {
      extras_.push_back(std::make_unique<TaskExtra>());
      number = static_cast<std::uint32_t>(extras_.size());
    } else {
      number = free_extras_.back();
      free_extras_.pop_back();
    }
    task.extra.store(number, std::memory_order_relaxed);
  }
  return *extras_[number - 1];
}

std::size_t TaskTable::reserved_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const SlotArena& arena : arenas_)
    bytes += arena.reserved_bytes();
  return bytes;
}

}  // namespace ekiden::runtime
