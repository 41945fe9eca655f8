// The table of everything that the reactor waits for: sources in type-stable slots, named by
// handles of kind kIo. It checks handles and owners, counts, and keeps a descriptor alive while it
// is used; it makes no system call.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/slot_arena.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/readiness.hpp"
#include "runtime/reactor/source_life.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

// What decides how a descriptor is read and written.
enum class SourceKind : std::uint8_t {
  kStreamSocket,  // a short count means "no more just now"
  kOtherSocket,   // datagrams, packets: a count says nothing about what is left
  kPipe,          // as a stream, but writing may raise SIGPIPE
  kOther,         // eventfd, terminal and the like
};

// The one task that waits in a direction, or nobody. All zero is a valid state.
class WaiterWord {
 public:
  // The newest waiter replaces the one before. seq_cst: before the waiter looks at the readiness
  // and at the closing mark; pairs with take(). See reactor.hpp.
  void store(Waker waker) noexcept { bits_.store(waker.bits(), std::memory_order_seq_cst); }
  // seq_cst: after an event was set or closing was marked; pairs with store().
  Waker take() noexcept { return Waker(bits_.exchange(0, std::memory_order_seq_cst)); }
  // Takes the caller's own waker back, if nobody has taken or replaced it.
  void withdraw(Waker waker) noexcept {
    std::uint64_t expected = waker.bits();
    // relaxed: publishes nothing; at worst the waker is woken once too often.
    bits_.compare_exchange_strong(expected, 0, std::memory_order_relaxed);
  }
  // For people.
  Waker look() const noexcept { return Waker(bits_.load(std::memory_order_relaxed)); }
  bool is_set() const noexcept { return bits_.load(std::memory_order_relaxed) != 0; }

 private:
  Atomic<std::uint64_t> bits_{0};
};

// One cache line. All zero is a free slot that was never used, so that fresh memory needs no
// constructor and a walker may look at any slot at any time.
struct alignas(kCacheLineBytes) Source {
  SourceLife life;
  ReadinessWord readiness;
  WaiterWord waiters[kInterests];

  // Written before open(), read by whoever has it pinned.
  EventLoop::Registration registration;
  OwnerId owner;
  SourceKind kind;
  TypeId maker;  // who published it; for lists only

  // -1 when the kernel has given the number to another file (closed behind the reactor's back).
  Atomic<std::int32_t> descriptor;

  WaiterWord& waiter(Interest interest) { return waiters[static_cast<std::size_t>(interest)]; }
  const WaiterWord& waiter(Interest interest) const {
    return waiters[static_cast<std::size_t>(interest)];
  }
};
static_assert(sizeof(Source) == kCacheLineBytes);

class SourceTable;

// What has to be undone when the last user of a closed source leaves.
class SourceCloser {
 public:
  virtual void close_descriptor(Source& source) noexcept = 0;

 protected:
  ~SourceCloser() = default;
};

// A source that stays open while this lives. Belongs to one thread.
class SourceUse {
 public:
  SourceUse() = default;
  SourceUse(SourceTable& table, std::uint32_t index, Source& source)
      : table_(&table), source_(&source), index_(index) {}
  SourceUse(SourceUse&& other) noexcept { *this = std::move(other); }
  SourceUse& operator=(SourceUse&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(source_, other.source_);
    std::swap(index_, other.index_);
    return *this;
  }
  ~SourceUse();

  explicit operator bool() const { return source_ != nullptr; }
  Source& operator*() const { return *source_; }
  Source* operator->() const { return source_; }

 private:
  SourceTable* table_ = nullptr;
  Source* source_ = nullptr;
  std::uint32_t index_ = 0;
};

// Any thread may call everything here.
class SourceTable {
 public:
  static constexpr std::uint32_t kMaxSources = 1u << 20;

  // `closer` is called by whichever thread leaves a closed source last.
  explicit SourceTable(SourceCloser& closer);

  // A slot that nobody can find yet, or a null handle when there is no memory or no room.
  // It ends in publish() or abandon().
  Handle reserve();
  Source& reserved(Handle handle) { return at(handle.index()); }
  void publish(Handle handle, OwnerId owner);
  void abandon(Handle handle);

  // kOk, kStale or kForeign; with kOk, `use` keeps the source open.
  Status use(OwnerId owner, Handle handle, SourceUse& use);
  // The same for the runtime's own looks, whoever owns it. Empty when it is stale.
  SourceUse use_any(Handle handle);

  // Calls `visit(SourceUse&, Handle)` for every live source; one that begins meanwhile may be
  // missed.
  template <class Visit>
  void for_each(Visit&& visit);

  // For an event: the source in the slot, whichever generation it is; null for what is no handle of
  // this table. Only its readiness and its waiters may be touched.
  Source* peek(Handle handle);

  // Sources of this owner whose descriptor is not closed yet.
  std::size_t count(OwnerId owner) const;

 private:
  friend class SourceUse;

  Source& at(std::uint32_t index) { return *static_cast<Source*>(slots_.at(index)); }
  void leave(std::uint32_t index, Source& source);

  SourceCloser& closer_;
  SlotArena slots_;
  const std::unique_ptr<Atomic<std::uint32_t>[]> counts_;  // one an owner
};

inline SourceUse::~SourceUse() {
  if (source_ != nullptr) table_->leave(index_, *source_);
}

template <class Visit>
void SourceTable::for_each(Visit&& visit) {
  const std::uint32_t used = slots_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    const std::uint32_t generation = at(index).life.live_generation();
    if (generation == 0) continue;
    const Handle handle(HandleKind::kIo, index, generation);
    SourceUse use = use_any(handle);
    if (use) visit(use, handle);
  }
}

}  // namespace ekiden::runtime
