// The child stack, alone and with thieves.

#include "runtime/queue/child_stack.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

struct Item {
  Atomic<int> taken{0};
};

TEST_CASE("the owner takes the newest, a thief the oldest") {
  ChildStack<Item> stack(4);
  std::vector<Item> items(4);
  for (std::size_t i = 0; i < items.size(); ++i)
    CHECK(stack.push(&items[i]) == i + 1);
  CHECK(stack.size() == 4);
  CHECK(stack.pop() == &items[3]);
  CHECK(stack.steal() == &items[0]);
  CHECK(stack.steal() == &items[1]);
  CHECK(stack.pop() == &items[2]);
  CHECK(stack.pop() == nullptr);
  CHECK(stack.steal() == nullptr);
  CHECK(stack.empty());
}

TEST_CASE("a full child stack takes no more until one is gone, from either end") {
  ChildStack<Item> stack(2);
  std::vector<Item> items(3);
  const bool from_top = GENERATE(false, true);
  REQUIRE(stack.push(&items[0]) == 1);
  REQUIRE(stack.push(&items[1]) == 2);
  CHECK(stack.push(&items[2]) == 0);
  CHECK(stack.size() == 2);
  CHECK((from_top ? stack.steal() : stack.pop()) != nullptr);
  CHECK(stack.push(&items[2]) == 2);
  CHECK(stack.pop() == &items[2]);
}

TEST_CASE("its places are used again and again") {
  ChildStack<Item> stack(4);
  std::vector<Item> items(3);
  for (int round = 0; round < 100; ++round) {
    for (Item& item : items)
      REQUIRE(stack.push(&item) != 0);
    REQUIRE(stack.steal() == &items[0]);
    REQUIRE(stack.pop() == &items[2]);
    REQUIRE(stack.pop() == &items[1]);
    REQUIRE(stack.pop() == nullptr);
  }
}

TEST_CASE("between the owner and thieves every child is taken once (invariant 3)") {
  const unsigned thieves = GENERATE(1u, 2u, 3u);
  const std::size_t capacity = GENERATE(2u, 4u, 64u);
  CAPTURE(thieves, capacity);
  constexpr std::size_t kItems = 40'000;
  ChildStack<Item> stack(capacity);
  std::vector<Item> items(kItems);
  Atomic<std::size_t> left{kItems};
  const auto take = [&](Item* item) {
    if (item == nullptr) return;
    item->taken.fetch_add(1);
    left.fetch_sub(1);
  };
  run_together(thieves + 1, [&](unsigned me) {
    if (me != 0) {
      while (left.load() != 0) {
        take(stack.steal());
        if (stack.empty()) std::this_thread::yield();
      }
      return;
    }
    // Batches of changing length, so that the last one is fought for often.
    std::size_t next = 0;
    for (std::size_t batch = 1; next < kItems; batch = batch % 5 + 1) {
      for (std::size_t i = 0; i < batch && next < kItems; ++i) {
        if (stack.push(&items[next]) != 0) ++next;
      }
      for (std::size_t i = 0; i + 1 < batch; ++i)
        take(stack.pop());
    }
    while (left.load() != 0)
      take(stack.pop());
  });
  std::size_t wrong = 0;
  for (const Item& item : items)
    wrong += item.taken != 1;
  CHECK(wrong == 0);
  CHECK(stack.empty());
}

}  // namespace
}  // namespace ekiden::runtime::test
