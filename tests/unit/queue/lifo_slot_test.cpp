#include "runtime/queue/lifo_slot.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/base/threads.hpp"
#include "tests/unit/queue/item.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("the slot holds one item; a replacement hands out the one before") {
  LifoSlot<Item> slot;
  Item a;
  Item b;
  CHECK(slot.empty());
  CHECK(slot.take() == nullptr);
  CHECK(slot.replace(&a) == nullptr);
  CHECK_FALSE(slot.empty());
  CHECK(slot.replace(&b) == &a);
  CHECK(slot.take() == &b);
  CHECK(slot.empty());
  CHECK(slot.take() == nullptr);
}

TEST_CASE("what is put does not displace what is there") {
  LifoSlot<Item> slot;
  Item a;
  Item b;
  CHECK(slot.put(&a));
  CHECK_FALSE(slot.empty());
  CHECK_FALSE(slot.put(&b));
  CHECK(slot.take() == &a);
  CHECK(slot.put(&b));
  CHECK(slot.replace(&a) == &b);
  CHECK_FALSE(slot.put(&b));
  CHECK(slot.take() == &a);
  CHECK(slot.empty());
}

TEST_CASE("owner and thieves never get the same item, and none is lost") {
  const unsigned thieves = GENERATE(1u, 2u, 4u);
  CAPTURE(thieves);
  constexpr std::size_t kItems = 50'000;
  std::vector<Item> items = make_items(kItems);
  LifoSlot<Item> slot;
  Atomic<bool> done{false};
  const auto take = [](Item* item) {
    if (item != nullptr) item->taken.fetch_add(1, std::memory_order_relaxed);
  };
  run_together(thieves + 1, [&](unsigned me) {
    if (me != 0) {
      while (!done.load())
        take(slot.take());
      return;
    }
    for (Item& item : items) {
      // Both ways in; who is refused keeps the item.
      if (item.number % 2 == 0) {
        take(slot.replace(&item));
      } else if (!slot.put(&item)) {
        take(&item);
      }
      if (item.number % 3 == 0) take(slot.take());
    }
    take(slot.take());
    done.store(true);
  });
  CHECK(slot.empty());
  CHECK(each_taken_once(items));
}

TEST_CASE("who takes an item sees what its owner wrote before") {
  const bool put_first = GENERATE(false, true);
  LifoSlot<Item> slot;
  std::vector<Item> items = make_items(20'000);
  for (Item& item : items)
    item.number = 0;
  Atomic<bool> done{false};
  Atomic<int> stale{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (Item& item : items) {
        item.number = 1;  // plain on purpose: published by the slot
        if (!put_first || !slot.put(&item)) static_cast<void>(slot.replace(&item));
      }
      done.store(true);
    } else {
      while (!done.load()) {
        const Item* item = slot.take();
        if (item != nullptr && item->number != 1) ++stale;
      }
    }
  });
  CHECK(stale == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
