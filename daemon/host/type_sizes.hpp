// How large the state of an instance's task types is, by id: what `spawn` needs to know before it
// copies. Found without a lock, because every spawn asks.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "daemon/host/limits.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::host {

// Only grows: types live as long as their instance. Any thread may call any member; add() calls
// must not meet (they come under the instance's lock).
class TypeSizes {
 public:
  // At most kTypesMax times; `id` is not 0 and not in it yet.
  void add(std::uint32_t id, std::uint32_t bytes) noexcept {
    std::size_t slot = home(id);
    // relaxed: only add() writes.
    for (std::size_t probes = 0; entries_[slot].load(std::memory_order_relaxed) != 0; ++probes) {
      EKIDEN_CHECK(probes < kSlots);
      slot = (slot + 1) % kSlots;
    }
    // release: pairs with the acquire in find(); the id reaches other threads by the plugin's
    // means.
    entries_[slot].store(std::uint64_t{id} << 32 | bytes, std::memory_order_release);
  }

  std::optional<std::uint32_t> find(std::uint32_t id) const noexcept {
    if (id == 0) return std::nullopt;
    for (std::size_t slot = home(id);; slot = (slot + 1) % kSlots) {
      const std::uint64_t entry = entries_[slot].load(std::memory_order_acquire);
      if (entry == 0) return std::nullopt;
      if (entry >> 32 == id) return static_cast<std::uint32_t>(entry);
    }
  }

 private:
  static constexpr std::size_t kSlots = 2 * kTypesMax;
  static_assert(std::has_single_bit(kSlots));

  // Ids are given out in sequence: their low bits spread best.
  static std::size_t home(std::uint32_t id) noexcept { return id % kSlots; }

  std::array<runtime::Atomic<std::uint64_t>, kSlots> entries_{};
};

}  // namespace ekiden::daemon::host
