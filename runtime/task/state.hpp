// The state word of a task: one 64-bit atomic with flags, a reference count and the generation of
// its slot. All bit arithmetic on it is in this file; everybody else asks a Snapshot or calls a
// named transition and obeys its answer. (The shape is tokio's task/state.rs; the generation in the
// word, which lets wakers be plain values, is ours.)
//
//              commit                     end_pending
//   reserved ──────────> active ─────────────────────> idle
//       │                 │  ^                           │
//       │ discard         │  └────────── wake ───────────┘
//       v                 │ complete, free_unheld
//     free <── unref ── complete
//
// "active" (kActive): the task is in exactly one place: a ring, a child stack, a LIFO slot, the
// global queue, the hand of the thread that moves it, or a poll. Whoever sets the flag on an idle
// task gets the answer kSubmit and is that thread. So a task is never in two queues, and going from
// a queue to a poll and back (yield) changes nothing here. On a reservation the flag says that
// somebody has it in hand, to commit or discard it.
//
// kNotified: woken while it was active. The next poll to begin takes the flag away; a poll that
// ends with "pending" and finds it leaves the task active, to be polled again.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::runtime {

// What a state word held at one moment.
class Snapshot {
 public:
  static constexpr std::uint64_t kActive = 1u << 0;     // in a queue, a hand or a poll
  static constexpr std::uint64_t kNotified = 1u << 1;   // to be polled once more
  static constexpr std::uint64_t kComplete = 1u << 2;   // no further poll
  static constexpr std::uint64_t kCancelled = 1u << 3;  // to end the way its type says
  static constexpr std::uint64_t kJoin = 1u << 4;       // somebody holds it
  static constexpr std::uint64_t kReserved = 1u << 5;   // state not yet committed

  static constexpr unsigned kRefShift = 8;
  static constexpr std::uint64_t kRefOne = std::uint64_t{1} << kRefShift;
  static constexpr std::uint64_t kRefMask = (std::uint64_t{1} << 24) - 1;
  static constexpr unsigned kGenerationShift = 32;

  constexpr explicit Snapshot(std::uint64_t bits) : bits_(bits) {}

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool is_active() const { return bits_ & kActive; }
  constexpr bool is_notified() const { return bits_ & kNotified; }
  constexpr bool is_complete() const { return bits_ & kComplete; }
  constexpr bool is_cancelled() const { return bits_ & kCancelled; }
  constexpr bool has_join() const { return bits_ & kJoin; }
  constexpr bool is_reserved() const { return bits_ & kReserved; }
  // Neither active nor over: waits for a wake.
  constexpr bool is_idle() const { return (bits_ & (kActive | kComplete | kReserved)) == 0; }
  constexpr std::uint32_t refs() const {
    return static_cast<std::uint32_t>((bits_ >> kRefShift) & kRefMask);
  }
  constexpr std::uint32_t generation() const {
    return static_cast<std::uint32_t>(bits_ >> kGenerationShift);
  }
  // The slot holds a task of this generation that has not been freed.
  constexpr bool is_alive(std::uint32_t generation_wanted) const {
    return generation() == generation_wanted && refs() > 0;
  }

 private:
  std::uint64_t bits_;
};

class StateWord {
 public:
  enum class [[nodiscard]] Submit : std::uint8_t{kNothing, kSubmit};
  enum class [[nodiscard]] CloseJoin : std::uint8_t{
      kStale,     // no such held task
      kDetached,  // it still runs; whoever completes it drops it
      kDispose,   // it is complete: the caller drops it and takes the reference away
  };

  // acquire: pairs with the release of every transition, so that fields of the slot written before
  // it can be read.
  Snapshot load() const { return Snapshot(word_.load(std::memory_order_acquire)); }

  // --- The slot's life ---------------------------------------------------------------------------

  enum class Claim : std::uint8_t { kFree, kTaken };

  // Takes a free slot into use under the next generation. Only the thread that took the slot out of
  // the arena. kTaken: it is claimed already, by the caller. False: the generations are used up,
  // and the slot must be retired.
  [[nodiscard]] bool reserve(Claim claim = Claim::kFree) {
    // relaxed: the arena's free lists order us after the last user's unref.
    const Snapshot old(word_.load(std::memory_order_relaxed));
    EKIDEN_CHECK(old.refs() == 0);
    if (old.generation() == ~std::uint32_t{0}) return false;
    const std::uint64_t next =
        static_cast<std::uint64_t>(old.generation() + 1) << Snapshot::kGenerationShift |
        Snapshot::kRefOne | Snapshot::kReserved | (claim == Claim::kTaken ? Snapshot::kActive : 0);
    // release: a lister that sees the new generation sees no field of an older life: they are all
    // written before. No compare-exchange of an old waker is overwritten here: it gives up on
    // kComplete, which a free slot has.
    word_.store(next, std::memory_order_release);
    return true;
  }

  // Takes a reservation in hand, for commit or discard; one caller wins. False: it was not
  // reserved, or is in somebody's hand. Until the winner is through, nobody else writes the word:
  // wakes and cancels pass a reservation by.
  [[nodiscard]] bool claim_reserved(std::uint32_t generation) {
    return change([&](Snapshot s) -> std::uint64_t {
      if (!s.is_alive(generation) || !s.is_reserved() || s.is_active()) return 0;
      return s.bits() | Snapshot::kActive;
    });
  }

  // Puts a claimed reservation back (the queues were full).
  void unclaim_reserved() {
    // relaxed: our own last write. release: as in reserve().
    word_.store(word_.load(std::memory_order_relaxed) & ~Snapshot::kActive,
                std::memory_order_release);
  }

  // A reservation that the caller has claimed becomes a queued task, and the caller pushes it.
  // `order`: release publishes the constructed state to the worker that polls (acquire in
  // start_poll); seq_cst for a caller that looks at the owner's admission next, while who closed
  // that looks here next.
  void make_runnable(bool join, std::memory_order order = std::memory_order_release) {
    const std::uint64_t hold = join ? Snapshot::kJoin + Snapshot::kRefOne : 0;
    const Snapshot old(word_.load(std::memory_order_relaxed));  // relaxed: our own last write
    EKIDEN_CHECK(old.is_reserved() && old.is_active());
    word_.store(((old.bits() & ~Snapshot::kReserved) | Snapshot::kActive) + hold, order);
  }

  // Takes one reference away. True: it was the last, the slot is free and the caller gives it back.
  [[nodiscard]] bool unref() {
    // acquire: the last one sees everything that the others did with the slot. A complete task
    // with one reference is its owner's alone: nobody else writes the word any more.
    const Snapshot last(word_.load(std::memory_order_acquire));
    if (last.refs() == 1 && last.is_complete() && !last.has_join()) {
      // release: as in reserve().
      word_.store(last.bits() - Snapshot::kRefOne, std::memory_order_release);
      return true;
    }
    // acq_rel: as above, from both sides.
    const Snapshot old(word_.fetch_sub(Snapshot::kRefOne, std::memory_order_acq_rel));
    EKIDEN_CHECK(old.refs() > 0);
    return old.refs() == 1;
  }

  // --- Running ---------------------------------------------------------------------------------

  // Takes a queued task into poll, if it is not complete. Only the thread that holds it in hand.
  Snapshot start_poll() {
    // acquire: pairs with the release of whoever made it active.
    const Snapshot found(word_.load(std::memory_order_acquire));
    if (!found.is_notified()) return found;
    // acq_rel: pairs with notify(): what the waker wrote before is seen by this poll. A wake that
    // the load above was too early for stays in the word: end_pending() finds it.
    const Snapshot old(word_.fetch_and(~Snapshot::kNotified, std::memory_order_acq_rel));
    return Snapshot(old.bits() & ~Snapshot::kNotified);
  }

  // The poll answered "pending". kSubmit: it was woken meanwhile, and stays in the caller's hand.
  Submit end_pending() {
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    do {
      EKIDEN_CHECK(Snapshot(old).is_active());
      // relaxed: start_poll() acquires what the waker wrote.
      if (Snapshot(old).is_notified()) return Submit::kSubmit;
      // release: the waker that finds it idle, and the next poller, see this poll's writes.
    } while (!word_.compare_exchange_weak(old, old & ~Snapshot::kActive, std::memory_order_release,
                                          std::memory_order_relaxed));
    return Submit::kNothing;
  }

  // No further poll. Returns the word before: has_join() says who disposes of it.
  Snapshot complete() {
    constexpr auto kGone = Snapshot::kActive | Snapshot::kNotified | Snapshot::kReserved;
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    // seq_cst: in a total order with the joiner's load after it stored its waker, so that either
    // the joiner sees kComplete or our caller sees the waker.
    while (!word_.compare_exchange_weak(old, (old & ~kGone) | Snapshot::kComplete,
                                        std::memory_order_seq_cst, std::memory_order_relaxed)) {
    }
    return Snapshot(old);
  }

  // Whoever has it in hand: nobody holds it, and nobody will.
  bool is_unheld() const {
    // acquire: pairs with the release in close_join(): who held it has done with its state. The
    // flag is set before the task is first queued, and never again.
    return !Snapshot(word_.load(std::memory_order_acquire)).has_join();
  }

  // Ends an unheld task that has been dropped: the slot is free, and the caller gives it back.
  void free_unheld() {
    // A plain store, although wakers and cancellers may write at the same time: what they ask for
    // is a poll, and there is none any more. Their compare-exchange fails behind this store.
    const Snapshot old(word_.load(std::memory_order_relaxed));
    EKIDEN_CHECK(old.refs() == 1);
    // release: as in reserve().
    word_.store(std::uint64_t{old.generation()} << Snapshot::kGenerationShift | Snapshot::kComplete,
                std::memory_order_release);
  }

  // The second half of a Dekker pair: of a joiner with complete(), and of whoever cancels an
  // owner's tasks, after closing its admission, with make_runnable().
  Snapshot load_after_store() const { return Snapshot(word_.load(std::memory_order_seq_cst)); }

  // --- From outside ----------------------------------------------------------------------------

  // kSubmit: the task was idle and is now in the caller's hand, who pushes it.
  Submit wake(std::uint32_t generation) { return notify(generation, 0); }

  // Asks it to end; it is woken so that a worker carries that out.
  Submit cancel(std::uint32_t generation) { return notify(generation, Snapshot::kCancelled); }

  CloseJoin close_join(std::uint32_t generation) {
    CloseJoin answer = CloseJoin::kStale;
    change([&](Snapshot s) -> std::uint64_t {
      answer = CloseJoin::kStale;
      if (!s.is_alive(generation) || !s.has_join()) return 0;
      answer = s.is_complete() ? CloseJoin::kDispose : CloseJoin::kDetached;
      // The holder's reference goes now, or is what the caller disposes with.
      const std::uint64_t gone = s.is_complete() ? 0 : Snapshot::kRefOne;
      return (s.bits() & ~Snapshot::kJoin) - gone;
    });
    return answer;
  }

 private:
  Submit notify(std::uint32_t generation, std::uint64_t flags) {
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    for (;;) {
      const Snapshot s(old);
      if (s.generation() != generation || s.is_complete() || s.is_reserved() || s.refs() == 0) {
        return Submit::kNothing;
      }
      // Also when kNotified is set already, the word is written: a read-modify-write is what makes
      // our earlier stores visible to the poll that takes the flag away. A plain load could be
      // served before those stores left the store buffer, and that wake would be lost.
      const std::uint64_t wanted = s.is_idle() ? Snapshot::kActive : Snapshot::kNotified;
      const std::uint64_t next = old | wanted | flags;
      if (word_.compare_exchange_weak(old, next, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return s.is_idle() ? Submit::kSubmit : Submit::kNothing;
      }
    }
  }

  // Applies `next` until it sticks; 0 from `next` gives up. (A live word is never 0.)
  // seq_cst, which is acq_rel and more: see the callers.
  template <class Next>
  bool change(Next next) {
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t wanted = next(Snapshot(old));
      if (wanted == 0) return false;
      if (word_.compare_exchange_weak(old, wanted, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
  }

  Atomic<std::uint64_t> word_{0};
};

}  // namespace ekiden::runtime
