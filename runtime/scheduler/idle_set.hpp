// Who sleeps and who searches, and the rule that no pushed task is overlooked.
//
// Why a wake-up is never lost. A pusher publishes its task (seq_cst), then loads `state_`
// (seq_cst). A worker that goes to sleep changes `state_` (seq_cst), then looks into every queue
// (seq_cst). In the one order of these four, either the pusher's load comes after the sleeper's
// change: it sees a sleeper and nobody searching, and wakes one. Or it comes before: then the
// sleeper's look comes after the publication and finds the task. If the pusher sees a searcher
// instead, it wakes nobody, and relies on that one: a searcher that finds work and was the last to
// search wakes another; one that finds nothing gives up with a change of `state_` and looks again,
// as above; where that finds a task it comes back as a searcher, for there may be more. For the
// same reason a worker that was not allowed to search sleeps without looking if its change of
// `state_` finds somebody searching: the last of them to find work wakes it. If they have all
// stopped since it asked, it looks. (The two counts in one word are tokio's idle.rs; the argument
// is the one of folly's EventCount.)
//
// That is how pushes to the global queue work, and so all that comes from outside. A worker that
// pushes to its own ring or child stack publishes with release only: a store that waits for all
// stores before it costs more than the push. So its load of `state_` may be served before its task
// can be seen, and miss a worker that goes to sleep, or the last searcher that stops, in these
// nanoseconds. The task is not lost, for its own worker is awake and runs it; the next push, or the
// monitor's next tick, wakes the sleeper.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::runtime {

class IdleSet {
 public:
  // `workers`: numbers that they may have. `searching_max`: at most so many look for work to steal
  // at a time.
  IdleSet(unsigned workers, unsigned searching_max);

  // --- A worker, for itself --------------------------------------------------------------------

  // False: enough others search.
  [[nodiscard]] bool try_begin_search();
  // It found work. True: it was the last searcher, so it wakes another.
  [[nodiscard]] bool end_search();
  // Goes among the sleepers. True: nobody else searches, or it did so itself, so that it looks into
  // all queues once more before it sleeps.
  [[nodiscard]] bool sleep(unsigned worker, bool was_searching);
  // Comes back by itself. True: it was still among the sleepers. False: somebody has woken it, and
  // it counts as searching.
  [[nodiscard]] bool leave(unsigned worker);

  // --- Any thread ------------------------------------------------------------------------------

  // After a push: somebody sleeps, and nobody searches.
  bool wants_wake() const {
    const std::uint64_t state = state_.load(std::memory_order_seq_cst);
    return searching(state) == 0 && sleeping(state) != 0;
  }
  // A sleeper to unpark, if nobody searches. It counts as searching from now on.
  std::optional<unsigned> take_one_for_work() {
    return wants_wake() ? take_sleeper(/*even_if_searched=*/false) : std::nullopt;
  }
  // A sleeper, whoever searches (to take the reactor over; for the monitor).
  std::optional<unsigned> take_one() {
    if (sleeping(state_.load(std::memory_order_seq_cst)) == 0) return std::nullopt;
    return take_sleeper(/*even_if_searched=*/true);
  }
  // This one, if it sleeps; it counts as searching from now on.
  [[nodiscard]] bool take(unsigned worker);
  unsigned sleepers() const { return sleeping(state_.load(std::memory_order_seq_cst)); }

 private:
  static constexpr std::uint64_t kOneSleeper = std::uint64_t{1} << 32;
  static unsigned searching(std::uint64_t state) { return static_cast<unsigned>(state); }
  static unsigned sleeping(std::uint64_t state) { return static_cast<unsigned>(state >> 32); }

  std::optional<unsigned> take_sleeper(bool even_if_searched);

  const unsigned searching_max_;
  alignas(kCacheLineBytes) Atomic<std::uint64_t> state_{0};
  Mutex mutex_;
  // Last in, first out: who slept least has the warmest cache.
  std::vector<unsigned> sleepers_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::runtime
