#include "runtime/base/slot_arena.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

constexpr std::uint32_t kPlenty = 1u << 20;

TEST_CASE("a fresh slot is zero, aligned, and apart from all others") {
  const std::size_t bytes = GENERATE(64u, 128u, 1024u);
  CAPTURE(bytes);
  SlotArena arena(bytes, kPlenty);
  CHECK(arena.slot_bytes() == bytes);
  CHECK(arena.used_slots() == 0);
  CHECK(arena.reserved_bytes() == 0);
  std::set<std::byte*> seen;
  bool zero = true;
  bool aligned = true;
  for (int i = 0; i < 5000; ++i) {  // more than a chunk
    const std::uint32_t index = arena.allocate(nullptr);
    REQUIRE(index < arena.used_slots());
    auto* memory = static_cast<std::byte*>(arena.at(index));
    zero =
        zero && std::all_of(memory, memory + bytes, [](std::byte b) { return b == std::byte{0}; });
    aligned = aligned && reinterpret_cast<std::uintptr_t>(memory) % kCacheLineBytes == 0;
    std::memset(memory, 0xff, bytes);
    seen.insert(memory);
  }
  CHECK(zero);
  CHECK(aligned);
  CHECK(seen.size() == 5000);
  CHECK(arena.reserved_bytes() == 2 * SlotArena::kChunkSlots * bytes);
}

TEST_CASE("a slot that comes back is given out again with its contents") {
  SlotArena arena(64, kPlenty);
  SlotArena::Cache cache;
  SlotArena::Cache* const with = GENERATE(false, true) ? &cache : nullptr;
  const std::uint32_t index = arena.allocate(with);
  void* const memory = arena.at(index);
  std::memset(memory, 0x5a, 64);
  arena.release(index, with);
  CHECK(arena.allocate(with) == index);
  CHECK(arena.at(index) == memory);
  CHECK(*static_cast<unsigned char*>(memory) == 0x5a);
}

TEST_CASE("a cache that only gets slots passes them on instead of hoarding them") {
  SlotArena arena(64, kPlenty);
  SlotArena::Cache taker;
  SlotArena::Cache giver;
  // One thread allocates what another frees: the arena must not grow with the rounds.
  for (int i = 0; i < 10'000; ++i)
    arena.release(arena.allocate(&taker), &giver);
  CHECK(arena.used_slots() <= 2 * SlotArena::Cache::kCapacity);
}

TEST_CASE("a flushed cache is empty, and its slots are everybody's") {
  SlotArena arena(64, /*max_slots=*/64);
  SlotArena::Cache cache;
  const std::uint32_t first = arena.allocate(&cache);  // takes the whole arena into the cache
  REQUIRE(first != SlotArena::kNone);
  REQUIRE(arena.used_slots() == 64);
  CHECK(arena.allocate(nullptr) == SlotArena::kNone);
  arena.flush(cache);
  std::set<std::uint32_t> rest;
  for (int i = 0; i < 63; ++i)
    rest.insert(arena.allocate(nullptr));
  CHECK(rest.size() == 63);
  CHECK(rest.count(first) == 0);
  CHECK(rest.count(SlotArena::kNone) == 0);
  CHECK(arena.allocate(nullptr) == SlotArena::kNone);
  CHECK(arena.allocate(&cache) == SlotArena::kNone);
}

TEST_CASE("an arena that is used up says so, and goes on when slots come back") {
  const std::uint32_t max = GENERATE(1u, 3u, 63u, 64u, 65u, 200u);
  const bool cached = GENERATE(false, true);
  CAPTURE(max, cached);
  SlotArena arena(64, max);
  SlotArena::Cache cache;
  SlotArena::Cache* const with = cached ? &cache : nullptr;
  std::set<std::uint32_t> held;
  for (std::uint32_t i = 0; i < max; ++i)
    held.insert(arena.allocate(with));
  CHECK(held.size() == max);
  CHECK(*held.rbegin() == max - 1);
  CHECK(arena.allocate(with) == SlotArena::kNone);
  for (const std::uint32_t index : held)
    arena.release(index, with);
  std::set<std::uint32_t> again;
  for (std::uint32_t i = 0; i < max; ++i)
    again.insert(arena.allocate(with));
  CHECK(again == held);
  CHECK(arena.allocate(with) == SlotArena::kNone);
}

TEST_CASE("no slot is given to two threads at once") {
  constexpr unsigned kThreads = 4;
  constexpr std::uint32_t kSlots = 1000;
  SlotArena arena(64, kSlots);
  std::vector<Atomic<int>> holders(kSlots);
  Atomic<int> clashes{0};
  Atomic<int> refusals{0};
  run_together(kThreads, [&](unsigned me) {
    SlotArena::Cache own;
    SlotArena::Cache* const cache = me == 0 ? nullptr : &own;  // one thread without a cache
    std::vector<std::uint32_t> held;
    std::uint32_t random = me + 1;
    for (int i = 0; i < 20'000; ++i) {
      random = random * 1664525 + 1013904223;
      if (held.size() < 300 && (random >> 16) % 2 == 0) {
        const std::uint32_t index = arena.allocate(cache);
        if (index == SlotArena::kNone) {
          ++refusals;
          continue;
        }
        if (holders[index].exchange(1) != 0) ++clashes;
        held.push_back(index);
      } else if (!held.empty()) {
        const std::size_t at = (random >> 8) % held.size();
        std::swap(held[at], held.back());
        holders[held.back()].store(0);
        arena.release(held.back(), cache);
        held.pop_back();
      }
    }
    for (const std::uint32_t index : held) {
      holders[index].store(0);
      arena.release(index, cache);
    }
    if (cache != nullptr) arena.flush(own);
  });
  CHECK(clashes == 0);
  // Nothing was lost on the way: all of it can be had again.
  std::set<std::uint32_t> all;
  for (std::uint32_t i = 0; i < arena.used_slots(); ++i)
    all.insert(arena.allocate(nullptr));
  CHECK(all.size() == arena.used_slots());
  CHECK(all.count(SlotArena::kNone) == 0);
}

TEST_CASE("a walker finds memory behind every index below used_slots") {
  SlotArena arena(128, kPlenty);
  Atomic<bool> done{false};
  Atomic<int> torn{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (int i = 0; i < 20'000; ++i) {
        auto* word = static_cast<Atomic<std::uint64_t>*>(arena.at(arena.allocate(nullptr)));
        word->store(~std::uint64_t{0}, std::memory_order_relaxed);
      }
      done.store(true);
      return;
    }
    while (!done.load()) {
      for (std::uint32_t i = 0; i < arena.used_slots(); i += 97) {
        const auto* word = static_cast<const Atomic<std::uint64_t>*>(arena.at(i));
        const std::uint64_t value = word->load(std::memory_order_relaxed);
        if (value != 0 && value != ~std::uint64_t{0}) ++torn;
      }
    }
  });
  CHECK(torn == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
