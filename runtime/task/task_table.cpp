#include "runtime/task/task_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

namespace {

constexpr std::size_t round_up(std::size_t value, std::size_t to) {
  return (value + to - 1) / to * to;
}

struct Layout {
  std::size_t offset;
  bool external;
  unsigned size_class;
};

Layout lay_out(std::size_t size, std::size_t align) {
  const std::size_t offset = round_up(kTaskHeaderBytes, std::max<std::size_t>(align, 16));
  for (unsigned c = 0; c < kTaskSlotBytes.size(); ++c) {
    if (offset + size <= kTaskSlotBytes[c]) return {offset, false, c};
  }
  return {kTaskHeaderBytes, true, 0};
}

// relaxed, all but the type: published by the state word.
void begin_life(TaskHeader& task, TaskType& type, Nanos now) {
  // release: a reader of the slot's last life who finds this type finds that life ended, too.
  task.type.store(&type, std::memory_order_release);
  task.join_waker.store(0, std::memory_order_relaxed);
  task.local = nullptr;
  task.parent.store(0, std::memory_order_relaxed);
  task.polls.store(0, std::memory_order_relaxed);
  task.born.store(static_cast<std::uint32_t>(now >> TaskHeader::kAgeShift),
                  std::memory_order_relaxed);
  task.waits_on.store(0, std::memory_order_relaxed);
  task.children.store(0, std::memory_order_relaxed);
}

}  // namespace

TaskTable::TaskTable()
    : arenas_{SlotArena(kTaskSlotBytes[0], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[1], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[2], 1u << kSlotBits),
              SlotArena(kTaskSlotBytes[3], 1u << kSlotBits)} {}

TaskHeader* TaskTable::allocate(TaskType& type, std::size_t size, std::size_t align, Nanos now,
                                Caches* caches) {
  const Layout layout = lay_out(size, align);
  void* external = nullptr;
  if (layout.external) {
    external = std::aligned_alloc(kStateAlignMax, round_up(size, kStateAlignMax));
    if (external == nullptr) return nullptr;
  }
  SlotArena& arena = arenas_[layout.size_class];
  SlotArena::Cache* cache = caches != nullptr ? &(*caches)[layout.size_class] : nullptr;
  for (;;) {
    const std::uint32_t slot = arena.allocate(cache);
    if (slot == SlotArena::kNone) {
      std::free(external);
      return nullptr;
    }
    // Zeroed memory from mmap is a TaskHeader of generation 0: all members are trivial or atomics.
    auto* task = static_cast<TaskHeader*>(arena.at(slot));
    task->index = layout.size_class << kSlotBits | slot;
    task->state_offset16 = static_cast<std::uint8_t>(layout.offset / 16);
    task->bits = layout.external ? TaskHeader::kBitExternalState : 0;
    begin_life(*task, type, now);
    if (layout.external) {
      std::byte* memory = reinterpret_cast<std::byte*>(task) + layout.offset;
      *reinterpret_cast<void**>(memory) = external;
    }
    // Last, because this is what listers look at first. False: the slot's generations are used up.
    // It is never given back: retired.
    if (task->state.reserve()) return task;
  }
}

void TaskTable::free(TaskHeader& task, Caches* caches) {
  if (task.bits & TaskHeader::kBitExternalState) std::free(task.state_memory());
  if (const std::uint32_t number = task.extra.load(std::memory_order_relaxed); number != 0) {
    MutexLock lock(extra_mutex_);
    *extras_[number - 1] = TaskExtra();
    free_extras_.push_back(number);
    task.extra.store(0, std::memory_order_relaxed);
  }
  const unsigned size_class = task.index >> kSlotBits;
  arenas_[size_class].release(task.index & kSlotMask,
                              caches != nullptr ? &(*caches)[size_class] : nullptr);
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
