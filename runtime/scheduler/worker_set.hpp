// The workers of a scheduler: the configured ones first, replacements behind them. It only grows,
// up to a capacity that is fixed from the start, so nobody who walks it needs a lock: a worker that
// was seen once stays where it is. A replacement that has left stays in it too, with nothing in its
// queues, until it is needed again.
//
// Why no push is overlooked when a worker is added. `size_` is stored (seq_cst) before the new
// worker's thread starts, so before anything it pushes. Whoever goes to sleep changes the idle set
// (seq_cst), then loads `size_` (seq_cst) and looks into the rings. If the new worker's push finds
// no sleeper, the sleeper's change comes later in the one order of these, and so does its load: it
// sees the new worker, and the argument of idle_set.hpp goes on with that worker's ring.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"
#include "runtime/scheduler/worker.hpp"

namespace ekiden::runtime {

class WorkerSet {
 public:
  explicit WorkerSet(std::size_t capacity)
      : capacity_(capacity), slots_(std::make_unique<std::unique_ptr<Worker>[]>(capacity)) {}

  // The worker with the next number. The constructing thread, and after it the monitor's alone.
  // Throws std::bad_alloc.
  Worker& add(Scheduler& scheduler) {
    const std::size_t id = size_.load(std::memory_order_relaxed);  // relaxed: ours
    EKIDEN_CHECK(id < capacity_);
    slots_[id] = std::make_unique<Worker>(scheduler, static_cast<unsigned>(id));
    // seq_cst, which includes the release that size() pairs with: see above.
    size_.store(id + 1, std::memory_order_seq_cst);
    return *slots_[id];
  }

  // --- Any thread ------------------------------------------------------------------------------

  // Those that were ever made.
  std::size_t size() const { return size_.load(std::memory_order_seq_cst); }
  // `id` below size(), or heard of from that worker itself (through the idle set).
  const std::unique_ptr<Worker>& operator[](std::size_t id) const { return slots_[id]; }
  const std::unique_ptr<Worker>& front() const { return slots_[0]; }
  const std::unique_ptr<Worker>* begin() const { return slots_.get(); }
  const std::unique_ptr<Worker>* end() const { return slots_.get() + size(); }

 private:
  const std::size_t capacity_;
  const std::unique_ptr<std::unique_ptr<Worker>[]> slots_;
  Atomic<std::size_t> size_{0};
};

}  // namespace ekiden::runtime
