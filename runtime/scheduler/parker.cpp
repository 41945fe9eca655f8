#include "runtime/scheduler/parker.hpp"

#include "runtime/base/futex.hpp"

namespace ekiden::runtime {

bool Parker::prepare(Place place) {
  std::uint32_t empty = kEmpty;
  // acq_rel: on failure we go on to work that the notifier published.
  return word_.compare_exchange_strong(empty, static_cast<std::uint32_t>(place),
                                       std::memory_order_acq_rel, std::memory_order_acquire);
}

void Parker::wait() {
  constexpr auto kParked = static_cast<std::uint32_t>(Place::kOwnWord);
  // The kernel compares the word again under its own lock: a notification between our load and
  // the sleep makes the call return at once.
  while (word_.load(std::memory_order_acquire) == kParked)
    futex_wait(word_, kParked);
}

bool Parker::finish() {
  // acquire: pairs with unpark()'s release; what the notifier did before is seen.
  return word_.exchange(kEmpty, std::memory_order_acq_rel) == kNotified;
}

bool Parker::unpark() {
  const std::uint32_t old = word_.exchange(kNotified, std::memory_order_acq_rel);
  if (old == static_cast<std::uint32_t>(Place::kOwnWord)) futex_wake(word_, 1);
  return old == static_cast<std::uint32_t>(Place::kReactor);
}

}  // namespace ekiden::runtime
