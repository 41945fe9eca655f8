// The timers of a runtime: one wheel a worker and one for everybody else, each under a lock of its
// own, so that workers do not meet. Any thread may use any timer that it holds the handle of, and
// any thread may turn any wheel: a worker that is stuck in a poll strands no timer.
//
//            create          arm                       advance, or a poll past the deadline
//   (free) ─────────> idle ─────────> armed ──────────────────────────────────> fired
//     └─ start, which is create, arm and poll in one ──^ ─────────────────────────^
//      ^               ^                │ ^ arm again (moves it)                  │ │
//      │               └──── cancel ────┘ └──────────────── arm ──────────────────┘ │
//      │               └──────────────────────── cancel ────────────────────────────┘
//      └── close, from every state
//
// Whose lock. A slot has a home: the wheel it was last armed in. The lock of the home guards the
// slot. A home changes only under the lock of the wheel that is left, so a caller reads the home,
// locks it and looks again. Nobody ever holds two wheels' locks, so there is no lock order; nothing
// is called while one is held, so there is none with other locks either (the arena's central pool
// is asked before or after).
//
// The race of cancel, re-arm and fire. All of them decide under the home's lock, from the slot's
// state. (One atomic word of waker and state would spare poll() the lock, but a waker fills its 64
// bits, so nothing would be left to notice that the slot has another user by now.)
//   - Firing unlinks the entry, sets `fired` and takes the waker. So a timer fires once for each
//     arming, and a cancel or a re-arm that comes first has unlinked the entry: no later turn can
//     find it.
//   - A poll either sees `fired`, or leaves its waker in the slot before a turn can fire it. So the
//     last waker that was told "pending" is woken exactly once, and after a poll has answered kOk
//     nothing is left to be woken. Between taking the waker and waking it the timer may be
//     cancelled, closed or used anew: the task then gets a wake that it did not need, never a wrong
//     one, for a waker is a name that the task's own generation guards.
//   - A re-arm into another wheel takes two steps, each under one lock: out of the old one (unlink,
//     new deadline, new home), into the new one (link). Between them the timer is armed but not
//     linked. A poll in between leaves its waker, a cancel or close ends the timer, another arm
//     wins: the second step links only what is still this timer, armed, not linked, and at home
//     there. While it is between the wheels no turn finds it, but the thread that moves it has not
//     returned from arm() yet, and reports `lowered` only once it is linked.
//
// Handles. A slot's identity (generation, owner, held) changes from held to free under its home's
// lock, where every user compares it; it becomes held again by the release store in create(), made
// by the only thread that has the free slot (or in start(), which writes more than the identity and
// does so under the home's lock). An old or forged handle therefore never acts on
// another timer. Counting an owner's timers walks the identities: an atomic count would cost every
// create and close more than all the rest of them.
//
// Sleeping. `next_deadline` is stored seq_cst, under the lock, before an arm() that lowered it
// returns; a thread that is about to sleep announces that, loads it seq_cst, and sleeps no longer.
// Whoever gets `lowered` looks (seq_cst) whether somebody sleeps. Of the two at least one sees the
// other. Cancelling does not raise the value: work that is armed and cancelled all the time would
// lower it again and again, and each time somebody would have to look after the sleeper. So it may
// be too early after a cancel; settle() corrects that, and a thread that goes to sleep calls it.
//
// By hand. Where the clock is turned by hand, next_deadline stays kNever, so nobody sleeps towards
// it and no worker turns a wheel: who turns the clock calls fire_due(), which is exact to the
// nanosecond, for it looks at the deadlines and not at the wheels' ticks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/slot_arena.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/timer/short_lock.hpp"
#include "runtime/timer/timer_slot.hpp"

namespace ekiden::runtime {

// Where no thread is named, any thread may call. A handle that is null or of another kind is
// kInvalid; one whose timer is closed is kStale; one of another owner is kForeign. `wheel` is below
// wheel_count(). Deadlines are CLOCK_MONOTONIC nanoseconds; kNever never comes.
class Timers {
 public:
  // Who looks for what is due.
  enum class Turning : std::uint8_t { kByWorkers, kByHand };

  // `target` outlives this. wheel_count: 1..65535.
  Timers(WakeTarget& target, unsigned wheel_count, Turning turning = Turning::kByWorkers);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  unsigned wheel_count() const noexcept { return wheel_count_; }

  // `cache` is the calling thread's own, or null. kNoMemory; kInvalid: no such owner.
  Status create(OwnerId owner, SlotArena::Cache* cache, Handle& out);
  // create, arm and poll in one: most timers are never touched again before they are closed, and
  // this visits one lock instead of three. kPending: armed, and how.waker (may be null) is woken
  // when the deadline comes. kOk: it had come by how.now. Then, too, `out` is the timer. Else as
  // create.
  struct Start {
    Nanos deadline;
    Waker waker;
    unsigned wheel;
    Nanos now;
  };
  Status start(OwnerId owner, SlotArena::Cache* cache, const Start& how, Handle& out,
               bool& lowered);
  // (Re-)arms the timer in `wheel`, usually the calling worker's. A waker that was left by a poll
  // and has not been woken stays. `lowered`: next_deadline(wheel) is earlier than before.
  Status arm(OwnerId owner, Handle timer, Nanos deadline, unsigned wheel, bool& lowered);
  // kOk: the deadline has come (by a turn, or by `now`); stays so until armed again or cancelled.
  // kPending: `waker` replaces the one before and is woken when it comes. kWrongState: not armed.
  Status poll(OwnerId owner, Handle timer, Waker waker, Nanos now);
  // The timer will not fire any more, and who waits for it is not woken. kOk in every state.
  Status cancel(OwnerId owner, Handle timer);
  // Frees the timer, in every state. Who waits for it is not woken.
  Status close(OwnerId owner, Handle timer, SlotArena::Cache* cache);
  // A thread that leaves gives its cache back.
  void flush(SlotArena::Cache& cache) { arena_.flush(cache); }

  // When it is worth to turn, kNever if never: at most a tick after the earliest deadline, and
  // earlier than it only after a cancel (until settle) or when many timers share a far bucket.
  // No lock.
  Nanos next_deadline() const noexcept;
  Nanos next_deadline(unsigned wheel) const noexcept {
    return lanes_[wheel].next.load(std::memory_order_seq_cst);
  }
  // Takes back what cancelled timers left in next_deadline, and returns it. For a thread that goes
  // to sleep; locks only wheels where the earliest was cancelled.
  Nanos settle() noexcept;

  // Fires what is due in the wheel and wakes outside the lock, in batches; returns how many it
  // woke. It fires about as many timers as were armed when it began; where others arm due ones all
  // the time, next_deadline stays in the past and the next call goes on. No lock when nothing is
  // due.
  std::size_t advance(unsigned wheel, Nanos now) noexcept;
  // The same for every wheel whose next deadline has come.
  std::size_t advance_due(Nanos now) noexcept;

  // By hand: the earliest deadline of all armed timers, kNever if there is none; and firing what is
  // due at `now`, in no particular order. Both look at every timer. fire_due wakes on the calling
  // thread, outside the locks, and returns how many it fired.
  Nanos earliest() const noexcept;
  std::size_t fire_due(Nanos now) noexcept;

  // Unload. Both walk all slots ever used, and are exact once nobody creates timers for the owner.
  // close_all returns how many it closed and wakes nobody.
  std::size_t close_all(OwnerId owner);
  std::size_t count(OwnerId owner) const noexcept;
  // The same by who made them.
  MakerCounts count_makers(OwnerId owner) const;

  // For task information: the deadline of an armed timer of any owner. False: not armed, or gone.
  bool describe(Handle timer, Nanos& deadline) const;

 private:
  // What other threads only read stands apart from what the lock's users write.
  struct alignas(kCacheLineBytes) Lane {
    Atomic<Nanos> next{kNever};  // written under the lock; never later than the first tick's start
    Atomic<bool> too_early{false};  // `next` may belong to a timer that was cancelled

    alignas(kCacheLineBytes) ShortLock lock;
    Wheel wheel EKIDEN_GUARDED_BY(lock);
  };

  static constexpr std::size_t kBatch = 64;
  static constexpr std::uint32_t kMaxTimers = 1u << 26;

  struct Batch {
    std::array<Waker, kBatch> wakers;
    std::size_t count = 0;  // of wakers
    std::size_t fired = 0;  // timers, over all batches
    bool finished = false;
  };

  TimerSlot& slot(std::uint32_t index) const noexcept {
    return *static_cast<TimerSlot*>(arena_.at(index));
  }
  Status find(Handle timer, TimerSlot*& out) const noexcept;
  template <class Body>
  Status with_timer(OwnerId owner, Handle timer, Body body) const;

  template <class Body>
  void with_held(std::uint32_t index, Body body) const;

  bool link(Lane& lane, TimerSlot& timer) const EKIDEN_REQUIRES(lane.lock);
  static void unlink(Lane& lane, TimerSlot& timer) EKIDEN_REQUIRES(lane.lock);
  static void raise_next(Lane& lane) EKIDEN_REQUIRES(lane.lock);
  bool arrive(Lane& lane, std::uint16_t wheel, TimerSlot& timer, std::uint32_t generation);
  static void fire_batch(Lane& lane, Tick now, Batch& batch);

  WakeTarget& target_;
  const unsigned wheel_count_;
  const Turning turning_;
  const std::unique_ptr<Lane[]> lanes_;
  SlotArena arena_{kCacheLineBytes, kMaxTimers};
};

}  // namespace ekiden::runtime
