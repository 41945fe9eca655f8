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

inline constexpr std::array<std::size_t, 4> kTaskSlotBytes = {128, 256, 512, 1024};

class TaskTable {
 public:
  // Free slots of one thread.
  using Caches = std::array<SlotArena::Cache, kTaskSlotBytes.size()>;

  TaskTable();

  // A reserved task with room for its state, or null when memory is out. `caches` may be null.
  TaskHeader* allocate(TaskType& type, std::size_t size, std::size_t align, Nanos now,
                       Caches* caches);
  // The slot's last reference is gone.
  void free(TaskHeader& task, Caches* caches);
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
  TaskExtra& extra_of(TaskHeader& task) EKIDEN_REQUIRES(extra_mutex_);

  static constexpr unsigned kSlotBits = 26;
  static constexpr std::uint32_t kSlotMask = (1u << kSlotBits) - 1;

  std::array<SlotArena, kTaskSlotBytes.size()> arenas_;
  mutable Mutex extra_mutex_;
  std::vector<std::unique_ptr<TaskExtra>> extras_ EKIDEN_GUARDED_BY(extra_mutex_);  // number - 1
  std::vector<std::uint32_t> free_extras_ EKIDEN_GUARDED_BY(extra_mutex_);
};

}  // namespace ekiden::runtime
