// What a thread of a model knows of the others: how far it has seen each thread's work (a vector
// clock, for races on plain data), and of each atomic the oldest store that it may still read (a
// view). Both travel together, from a release to the acquire that reads it.
//
// Views instead of a happens-before graph are the idea of "A promising semantics for relaxed-memory
// concurrency" (Kang, Hur, Lahav, Vafeiadis, Dreyer, 2017), without its promises.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace ekiden::model {

// Thread 0 sets a model up and checks its end; the others run at the same time.
inline constexpr unsigned kThreadsMax = 6;
// Atomics that one run of a model may touch.
inline constexpr std::size_t kAtomicsMax = 64;

// A store's place in the modification order of its atomic.
using Place = std::uint32_t;

struct Knowledge {
  std::array<std::uint32_t, kThreadsMax> clock{};
  std::array<Place, kAtomicsMax> view{};

  void join(const Knowledge& other) {
    for (std::size_t i = 0; i < clock.size(); ++i)
      clock[i] = std::max(clock[i], other.clock[i]);
    for (std::size_t i = 0; i < view.size(); ++i)
      view[i] = std::max(view[i], other.view[i]);
  }
};

// A moment in one thread's work.
struct Moment {
  unsigned thread = 0;
  std::uint32_t at = 0;

  bool is_known_to(const Knowledge& knowledge) const { return knowledge.clock[thread] >= at; }
};

}  // namespace ekiden::model
