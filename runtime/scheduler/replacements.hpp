// Workers that stand in for others whose poll does not return, so that as many run as were
// configured.
//
//            start                dismiss                 its thread ends
//   (empty) ───────> working ───────────────> leaving ───────────────────> gone ── reap ──> (empty)
//                       └────────── poll or sleep or search ────┘
//
// All but the views is called on the monitor's thread, or by whoever has joined that; so there is
// no lock. The one replaced is told nothing, and its polls pay nothing: the monitor sees by its
// counter that it has come back, and dismisses the replacement. That one finishes the poll it is
// in, gives what is in its ring, child stack and LIFO slot to the global queue and its free slots
// to the pools, and its thread ends. It is joined when it has said that it is at its end, so that
// waits for nobody. A replacement may itself be held up, and be replaced; once the first in such a
// chain is back, the rest of the chain is dismissed one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

class Scheduler;
class Worker;

class Replacements {
 public:
  explicit Replacements(Scheduler& scheduler);

  // --- The monitor's thread --------------------------------------------------------------------

  enum class Start : std::uint8_t { kStarted, kAllInUse, kFailed };
  // For a worker that has no replacement. kFailed: `os_error` says why, and nothing was begun.
  Start start(unsigned replaced, int& os_error);
  bool has_replacement(unsigned worker) const { return replaced_by_[worker] != kNone; }
  // The worker's own number, where has_replacement().
  unsigned replacement_of(unsigned worker) const { return replaced_by_[worker]; }
  // It is not one of the configured number: the one it stood in for is back.
  bool is_dismissed(unsigned worker) const;
  // Joins those that have left, and dismisses those whose worker `held_up(worker)` says no to.
  template <class HeldUp>
  void review(HeldUp held_up);
  bool any() const { return active_ != 0; }

  // After the monitor has ended: waits for all; they were asked to leave.
  void join_all();

  // --- Any thread ------------------------------------------------------------------------------

  // Whom this worker stands in for.
  std::optional<unsigned> replaces(unsigned worker) const;
  // How often the worker with this number was started as a replacement.
  std::uint64_t starts(unsigned worker) const;

 private:
  static constexpr unsigned kNone = ~0u;

  // The place of one replacement: worker number workers + index.
  struct Seat {
    std::thread thread;
    bool dismissed = false;
    Atomic<bool> gone{false};
    Atomic<unsigned> replaces{kNone};
    Atomic<std::uint64_t> starts{0};
  };

  unsigned id_of(std::size_t seat) const;
  const Seat* seat_of(unsigned worker) const;
  std::optional<std::size_t> free_seat() const;
  Worker& worker_at(std::size_t seat);
  void dismiss(std::size_t seat);
  void reap(std::size_t seat);

  Scheduler& scheduler_;
  const std::size_t seat_count_;
  const std::unique_ptr<Seat[]> seats_;
  std::vector<unsigned> replaced_by_;  // by worker
  unsigned active_ = 0;                // seats with a thread
};

template <class HeldUp>
void Replacements::review(HeldUp held_up) {
  for (std::size_t i = 0; active_ != 0 && i < seat_count_; ++i) {
    Seat& seat = seats_[i];
    if (!seat.thread.joinable()) continue;
    // acquire: pairs with the release at the end of its thread.
    if (seat.gone.load(std::memory_order_acquire)) {
      reap(i);
    } else if (!seat.dismissed) {
      const unsigned replaced = seat.replaces.load(std::memory_order_relaxed);
      if (is_dismissed(replaced) || !held_up(replaced)) dismiss(i);
    }
  }
}

}  // namespace ekiden::runtime
