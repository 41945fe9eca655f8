#include "tests/model/checker/memory.hpp"

#include <algorithm>

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

namespace {

// Between two neighbours there is room for a few more.
constexpr Place kSpacing = 1 << 12;

}  // namespace

// A new store right behind that one.
Memory::Store& Memory::insert(Atomic& atomic, unsigned behind) {
  const Place before = atomic.from_end(behind).place;
  const Place place =
      behind == 0 ? before + kSpacing : before + (atomic.from_end(behind - 1).place - before) / 2;
  if (place == before) die("too many stores between two of one atomic");
  if (atomic.count == atomic.stores.size()) atomic.stores.emplace_back();
  const auto end = atomic.stores.begin() + static_cast<std::ptrdiff_t>(atomic.count);
  ++atomic.count;
  std::rotate(end - behind, end, end + 1);
  Store& fresh = atomic.from_end(behind);
  fresh.place = place;
  fresh.followed = false;
  return fresh;
}

void Memory::forget_everything() {
  used_ = 0;
  ++run_;
  lowest_ = ~std::uintptr_t{0};
  highest_ = 0;
}

Memory::Slot& Memory::slot_of(const void* address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  std::size_t at = (number * 0x9e3779b97f4a7c15u) >> 56;
  while (slots_[at].run == run_ && slots_[at].address != address)
    at = (at + 1) % slots_.size();
  return slots_[at];
}

unsigned Memory::find(const void* address, std::uint64_t value) {
  const Slot& slot = slot_of(address);
  return slot.run == run_ ? slot.atomic : add(address, value);
}

void Memory::construct(const void* address, std::uint64_t value) {
  // Big tables are constructed and hardly used: an atomic counts from its first use on.
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  if (number < lowest_ || number > highest_) return;
  if (slot_of(address).run == run_) add(address, value);
}

unsigned Memory::add(const void* address, std::uint64_t value) {
  if (used_ == kAtomicsMax) die("the model touches more atomics than kAtomicsMax");
  const unsigned atomic = used_++;
  slot_of(address) = {address, run_, static_cast<std::uint16_t>(atomic)};
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  lowest_ = std::min(lowest_, number);
  highest_ = std::max(highest_, number);
  Atomic& fresh = atomics_[atomic];
  if (fresh.stores.empty()) fresh.stores.emplace_back();
  fresh.stores[0] = Store{};
  fresh.stores[0].value = value;
  fresh.count = 1;
  fresh.seq_cst_floor = 0;
  return atomic;
}

unsigned Memory::open_behind(unsigned atomic, const Knowledge& mine,
                             std::memory_order order) const {
  const Atomic& it = atomics_[atomic];
  Place floor = mine.view[atomic];
  if (order == std::memory_order_seq_cst) floor = std::max(floor, it.seq_cst_floor);
  unsigned behind = 0;
  while (it.from_end(behind).place > floor)
    ++behind;
  return behind;
}

std::uint64_t Memory::load(unsigned atomic, unsigned behind, Knowledge& mine,
                           std::memory_order order) {
  Atomic& it = atomics_[atomic];
  const Store& store = it.from_end(behind);
  mine.view[atomic] = std::max(mine.view[atomic], store.place);
  if (order == std::memory_order_seq_cst) {
    it.seq_cst_floor = std::max(it.seq_cst_floor, store.place);
  }
  if (is_acquire(order)) mine.join(store.handed_on);
  return store.value;
}

void Memory::store(unsigned atomic, unsigned behind, bool reads_it, std::uint64_t value,
                   Knowledge& mine, std::memory_order order) {
  Atomic& it = atomics_[atomic];
  Store& fresh = insert(it, behind);
  mine.view[atomic] = fresh.place;
  if (order == std::memory_order_seq_cst) it.seq_cst_floor = fresh.place;
  fresh.value = value;
  fresh.handed_on = is_release(order) ? mine : Knowledge{};
  if (!reads_it) return;
  Store& read = it.from_end(behind + 1);
  read.followed = true;
  fresh.handed_on.join(read.handed_on);
}

void Memory::catch_up(Knowledge& mine) const {
  for (unsigned atomic = 0; atomic < used_; ++atomic)
    mine.view[atomic] = atomics_[atomic].from_end(0).place;
}

}  // namespace ekiden::model
