#include "runtime/queue/local_queue.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/queue/item.hpp"

namespace ekiden::runtime::test {
namespace {

using Queue = LocalQueue<Item>;

// Pushes items[from, to) and says whether all went in.
bool fill(Queue& queue, std::vector<Item>& items, std::size_t from, std::size_t to) {
  bool all = true;
  for (std::size_t i = from; i < to; ++i)
    all = queue.push(&items[i]) != 0 && all;
  return all;
}

TEST_CASE("what was put first comes first") {
  const std::size_t capacity = GENERATE(2u, 4u, 256u);
  CAPTURE(capacity);
  Queue queue(capacity);
  std::vector<Item> items = make_items(capacity);
  CHECK(queue.capacity() == capacity);
  CHECK(queue.empty());
  CHECK(queue.pop() == nullptr);
  CHECK(fill(queue, items, 0, capacity));
  CHECK(queue.size() == capacity);
  for (Item& item : items)
    CHECK(queue.pop() == &item);
  CHECK(queue.pop() == nullptr);
  CHECK(queue.empty());
}

TEST_CASE("a push says how many there are then") {
  Queue queue(4);
  std::vector<Item> items = make_items(4);
  CHECK(queue.push(&items[0]) == 1);
  CHECK(queue.push(&items[1]) == 2);
  CHECK(queue.pop() == &items[0]);
  CHECK(queue.push(&items[2]) == 2);
  CHECK(queue.push(&items[3]) == 3);
}

TEST_CASE("a full ring refuses, and takes again when one has gone") {
  const std::size_t capacity = GENERATE(2u, 4u, 256u);
  Queue queue(capacity);
  std::vector<Item> items = make_items(capacity + 2);
  CHECK(fill(queue, items, 0, capacity));
  CHECK(queue.push(&items[capacity]) == 0);
  CHECK(queue.size() == capacity);
  CHECK(queue.pop() == &items[0]);
  CHECK(queue.push(&items[capacity]) == capacity);
  CHECK(queue.push(&items[capacity + 1]) == 0);
}

TEST_CASE("positions run on past the ring's end") {
  const std::size_t capacity = GENERATE(2u, 4u, 8u);
  Queue queue(capacity);
  std::vector<Item> items = make_items(1000);
  std::size_t out = 0;
  std::size_t in = 0;
  bool in_order = true;
  // Fill levels of all kinds at all offsets.
  while (in < items.size()) {
    const std::size_t put = 1 + in % capacity;
    for (std::size_t i = 0; i < put && in < items.size() && queue.push(&items[in]) != 0; ++i)
      ++in;
    for (std::size_t i = 0; i <= in % 3 && out < in; ++i)
      in_order &= queue.pop() == &items[out++];
    in_order &= queue.size() == in - out;
  }
  CHECK(in_order);
}

TEST_CASE("half of a full ring is taken out, oldest first") {
  const std::size_t capacity = GENERATE(2u, 4u, 256u);
  const std::size_t offset = GENERATE(0u, 1u, 3u);
  CAPTURE(capacity, offset);
  Queue queue(capacity);
  std::vector<Item> spent = make_items(1);
  for (std::size_t i = 0; i < offset; ++i) {
    REQUIRE(queue.push(&spent[0]) == 1);
    queue.pop();
  }
  std::vector<Item> items = make_items(capacity);
  REQUIRE(fill(queue, items, 0, capacity));
  std::uint64_t from = 0;
  REQUIRE(queue.take_half(from) == capacity / 2);
  CHECK(from == offset);
  for (std::size_t i = 0; i < capacity / 2; ++i)
    CHECK(queue.entry(from + i) == &items[i]);
  CHECK(queue.size() == capacity / 2);
  CHECK(queue.pop() == &items[capacity / 2]);
  // A pop moves nothing: what was taken can be read until the next push.
  CHECK(queue.entry(from) == &items[0]);
}

TEST_CASE("half of less than a full ring is rounded up, and half of nothing is nothing") {
  Queue queue(8);
  std::vector<Item> items = make_items(3);
  std::uint64_t from = 0;
  CHECK(queue.take_half(from) == 0);
  REQUIRE(fill(queue, items, 0, 3));
  CHECK(queue.take_half(from) == 2);
  CHECK(queue.take_half(from) == 1);
  CHECK(queue.entry(from) == &items[2]);
  CHECK(queue.empty());
}

TEST_CASE("a thief brings half home and runs the newest of it") {
  struct Case {
    std::size_t victims, thief_has, thief_capacity;
    std::size_t moved;  // all in all
  };
  // The thief's room limits it: what it runs at once needs none.
  const Case cases[] = {{0, 0, 8, 0}, {1, 0, 8, 1}, {2, 0, 8, 1},  {3, 0, 8, 2}, {8, 0, 8, 4},
                        {8, 5, 8, 4}, {8, 6, 8, 3}, {8, 7, 8, 2},  {8, 8, 8, 1}, {8, 2, 2, 1},
                        {8, 1, 2, 2}, {8, 0, 2, 3}, {7, 0, 64, 4}, {1, 8, 8, 1}};
  for (const Case& c : cases) {
    CAPTURE(c.victims, c.thief_has, c.thief_capacity);
    Queue victim(8);
    Queue thief(c.thief_capacity);
    std::vector<Item> theirs = make_items(c.victims);
    std::vector<Item> own = make_items(c.thief_has);
    REQUIRE(fill(victim, theirs, 0, c.victims));
    REQUIRE(fill(thief, own, 0, c.thief_has));
    std::size_t moved = 99;
    Item* run = thief.steal_from(victim, moved);
    CHECK(moved == c.moved);
    CHECK(victim.size() == c.victims - c.moved);
    if (c.moved == 0) {
      CHECK(run == nullptr);
      continue;
    }
    CHECK(run == &theirs[c.moved - 1]);
    CHECK(thief.size() == c.thief_has + c.moved - 1);
    for (Item& item : own)
      CHECK(thief.pop() == &item);
    for (std::size_t i = 0; i + 1 < c.moved; ++i)
      CHECK(thief.pop() == &theirs[i]);
    if (c.moved < c.victims) CHECK(victim.pop() == &theirs[c.moved]);
  }
}

TEST_CASE("rings of different sizes steal from each other at every offset") {
  Queue small(2);
  Queue large(16);
  std::vector<Item> items = make_items(4000);
  std::size_t next = 0;
  std::size_t taken = 0;
  const auto take = [&](Item* item) {
    if (item == nullptr) return false;
    ++taken;
    item->taken.fetch_add(1);
    return true;
  };
  while (next < items.size()) {
    for (int i = 0; i < 5 && next < items.size() && large.push(&items[next]) != 0; ++i)
      ++next;
    std::size_t moved = 0;
    take(small.steal_from(large, moved));
    if (next % 2 == 0) take(large.steal_from(small, moved));
    take(small.pop());
    take(large.pop());
  }
  while (take(small.pop()) || take(large.pop())) {
  }
  CHECK(taken == items.size());
  CHECK(each_taken_once(items));
}

}  // namespace
}  // namespace ekiden::runtime::test
