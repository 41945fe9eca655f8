// A task's slot: this header, then the plugin's state. 80 bytes of header, so that 48 bytes of
// state still fit the smallest slot of 128.
//
// Who may touch what: the state word belongs to everybody. Fields that a task list reads are
// atomics with relaxed accesses, written by the thread that has the task in hand (reserves, polls,
// disposes); a lister checks the generation before and after. `queue_next` belongs to the queue
// that links the task, and to the poller who ends a poll with "pending". `type` is set at reserve
// and stays until the slot is used again.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/task/queue_link.hpp"
#include "runtime/task/state.hpp"
#include "runtime/task/task_type.hpp"

namespace ekiden::runtime {

// What few tasks have: kept outside the slot. Guarded by TaskTable's lock.
struct TaskExtra {
  std::string name;
  std::int32_t fail_code = 0;
  std::string fail_text;
};

struct TaskHeader {
  // Age is kept in steps of 2^24 ns (17 ms): 32 bits of them last two years.
  static constexpr unsigned kAgeShift = 24;

  static constexpr std::uint32_t kOwnShare = std::uint32_t{1} << 31;  // in `children`

  static constexpr std::uint8_t kBitExternalState = 1;  // the state is on the heap
  static constexpr std::uint8_t kBitChild = 2;          // counted in its parent's `children`
  static constexpr std::uint8_t kBitFailed = 4;
  static constexpr std::uint8_t kBitCancelled = 8;  // ended by cancellation

  StateWord state;
  QueueLink<TaskHeader> queue_next;  // or since when it waits
  Atomic<TaskType*> type{nullptr};
  Atomic<std::uint64_t> join_waker{0};
  void* local = nullptr;            // the task-local pointer
  Atomic<std::uint64_t> parent{0};  // a Handle, or an origin_mark()
  // In a poll and while it waits: the Handle that it last found pending, 0: none known. From before
  // it is queued until its poll begins: since when it is runnable, marked by a kind that no handle
  // has; lists tell "queued" from "running" by that.
  Atomic<std::uint64_t> waits_on{0};
  Atomic<std::uint32_t> extra{0};  // TaskTable's number of its TaskExtra; 0: none
  Atomic<std::uint32_t> polls{0};
  Atomic<std::uint32_t> born{0};  // now_ns >> kAgeShift
  // 0: never had a child. Else one for each child not yet freed, plus kOwnShare until the task
  // itself is over and could be dropped; who makes it 0 drops it.
  Atomic<std::uint32_t> children{0};
  std::uint32_t index = 0;  // as in its handle; set when the slot is first used, then constant
  Atomic<std::uint16_t> last_worker{0};
  std::uint8_t state_offset16 = 0;  // where the state begins, in units of 16 bytes
  std::uint8_t bits = 0;            // kBit…

  // By who has taken a free slot. relaxed, all but the type: published by the state word.
  void begin_life(TaskType& of, Nanos now) noexcept {
    // release: a reader of the slot's last life who finds this type finds that life ended, too.
    type.store(&of, std::memory_order_release);
    join_waker.store(0, std::memory_order_relaxed);
    local = nullptr;
    parent.store(0, std::memory_order_relaxed);
    polls.store(0, std::memory_order_relaxed);
    born.store(static_cast<std::uint32_t>(now >> kAgeShift), std::memory_order_relaxed);
    waits_on.store(0, std::memory_order_relaxed);
    children.store(0, std::memory_order_relaxed);
  }

  static constexpr std::uint64_t kRunnableMark = std::uint64_t{15} << 60;
  static constexpr std::uint64_t kUnstamped = ~std::uint64_t{0};

  // By whoever has the task in hand and is about to queue it. relaxed: the queue hands it on.
  void note_runnable(Nanos now) noexcept {
    waits_on.store(now | kRunnableMark, std::memory_order_relaxed);
  }
  // Runnable since nobody knows when: behind all time, so that it seems to wait for none.
  void note_runnable_unstamped() noexcept { waits_on.store(kUnstamped, std::memory_order_relaxed); }
  static constexpr bool is_runnable_since(std::uint64_t word) noexcept {
    return (word & kRunnableMark) == kRunnableMark;
  }
  static constexpr bool is_stamp(std::uint64_t word) noexcept {
    return is_runnable_since(word) && word != kUnstamped;
  }
  // By whoever took it out of the queue: how long it lay there. Below zero where the clock it was
  // stamped with is ahead of `now`; without meaning where it was not stamped.
  std::int64_t waited_until(Nanos now) const noexcept {
    const std::uint64_t since = waits_on.load(std::memory_order_relaxed) & ~kRunnableMark;
    return static_cast<std::int64_t>(now - since);
  }
  bool is_marked_runnable() const noexcept {
    return is_runnable_since(waits_on.load(std::memory_order_relaxed));
  }
  // For lists: null while it is runnable.
  Handle waits_on_handle() const noexcept {
    const std::uint64_t word = waits_on.load(std::memory_order_relaxed);
    return is_runnable_since(word) ? Handle() : Handle(word);
  }

  // It is over, and stays only because children may point into its state.
  bool waits_for_children() const {
    // relaxed: an unload looks again and again.
    const std::uint32_t count = children.load(std::memory_order_relaxed);
    return count != 0 && (count & kOwnShare) == 0;
  }

  Handle handle() const { return Handle(HandleKind::kTask, index, state.load().generation()); }

  void set_external_state(void* memory) {
    bits = kBitExternalState;
    std::byte* in_slot = reinterpret_cast<std::byte*>(this) + state_offset16 * std::size_t{16};
    *reinterpret_cast<void**>(in_slot) = memory;
  }

  void* state_memory() {
    std::byte* memory = reinterpret_cast<std::byte*>(this) + state_offset16 * std::size_t{16};
    return bits & kBitExternalState ? *reinterpret_cast<void**>(memory) : memory;
  }
};

static_assert(sizeof(TaskHeader) == kTaskHeaderBytes);

}  // namespace ekiden::runtime
