// Where one worker sleeps: on its own futex word, or inside the reactor's wait. A notification that
// comes before the sleep is kept, so the sleep returns at once.
//
//             prepare                    unpark
//   kEmpty ───────────> kParked ───────────────────────> kNotified ── finish ──> kEmpty
//      │  └───────────> kInReactor ── unpark, interrupt ───^  ^
//      └──────────────────────── unpark ──────────────────────┘
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime {

class Parker {
 public:
  enum class Place : std::uint32_t { kOwnWord = 1, kReactor = 2 };

  // --- Owner only ------------------------------------------------------------------------------

  // Announces the sleep. False: a notification is there already (and stays until finish).
  [[nodiscard]] bool prepare(Place place);
  // Sleeps on the own word until notified. After prepare(kOwnWord).
  void wait();
  // For a look before the sleep.
  bool is_notified() const {
    // relaxed: finish() orders what follows.
    return word_.load(std::memory_order_relaxed) == kNotified;
  }
  // Ends the sleep. True: it was notified.
  bool finish();

  // --- Any thread ------------------------------------------------------------------------------

  // Wakes the owner. True: it sits in the reactor, and the caller interrupts that.
  [[nodiscard]] bool unpark();

 private:
  static constexpr std::uint32_t kEmpty = 0;
  static constexpr std::uint32_t kNotified = 3;

  Atomic<std::uint32_t> word_{kEmpty};
};

}  // namespace ekiden::runtime
