#include "runtime/queue/global_queue.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/base/threads.hpp"
#include "tests/unit/queue/item.hpp"

namespace ekiden::runtime::test {
namespace {

using Queue = GlobalQueue<Item>;

std::size_t length(const Item* chain) {
  std::size_t count = 0;
  for (; chain != nullptr; chain = chain->queue_next)
    ++count;
  return count;
}

// Links items[from, to) and pushes them as one batch.
void push_batch(Queue& queue, std::vector<Item>& items, std::size_t from, std::size_t to,
                unsigned hint) {
  for (std::size_t i = from; i + 1 < to; ++i)
    items[i].queue_next = &items[i + 1];
  queue.push(&items[from], &items[to - 1], to - from, hint);
}

TEST_CASE("a shard keeps its order, and pops come as a closed chain") {
  Queue queue(1, 100);
  std::vector<Item> items = make_items(10);
  for (Item& item : items)
    queue.push(&item, &item, 1, 5);
  CHECK(queue.size() == 10);
  CHECK_FALSE(queue.empty());
  unsigned cursor = 0;
  Item* chain = nullptr;
  CHECK(queue.pop(3, cursor, chain) == 3);
  CHECK(length(chain) == 3);
  CHECK(chain == &items[0]);
  CHECK(chain->queue_next->queue_next == &items[2]);
  CHECK(queue.pop(100, cursor, chain) == 7);
  CHECK(chain == &items[3]);
  CHECK(length(chain) == 7);
  CHECK(queue.empty());
  CHECK(queue.pop(1, cursor, chain) == 0);
}

TEST_CASE("a pop for nothing takes nothing") {
  Queue queue(2, 100);
  std::vector<Item> items = make_items(1);
  queue.push(&items[0], &items[0], 1, 0);
  unsigned cursor = 0;
  Item* chain = nullptr;
  CHECK(queue.pop(0, cursor, chain) == 0);
  CHECK(queue.size() == 1);
}

TEST_CASE("batches stay together, whatever the shard held before") {
  Queue queue(1, 4);
  std::vector<Item> items = make_items(8);
  push_batch(queue, items, 0, 3, 0);
  push_batch(queue, items, 3, 4, 0);
  push_batch(queue, items, 4, 8, 0);  // beyond the capacity: that is no business of a push
  CHECK(queue.size() == 8);
  CHECK(queue.pushes() == 8);
  CHECK(queue.high_water() == 8);
  unsigned cursor = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    Item* chain = nullptr;
    REQUIRE(queue.pop(1, cursor, chain) == 1);
    CHECK(chain == &items[i]);
    CHECK(chain->queue_next == nullptr);
  }
}

TEST_CASE("a popper goes round the shards") {
  Queue queue(4, 100);
  std::vector<Item> items = make_items(40);
  for (Item& item : items)
    queue.push(&item, &item, 1, static_cast<unsigned>(item.number));
  unsigned cursor = 2;
  std::vector<std::size_t> order;
  Item* chain = nullptr;
  while (queue.pop(1, cursor, chain) == 1)
    order.push_back(chain->number);
  REQUIRE(order.size() == 40);
  for (std::size_t i = 0; i < 40; ++i)
    CHECK(order[i] % 4 == (i + 2) % 4);
  for (std::size_t i = 4; i < 40; ++i)
    CHECK(order[i] == order[i - 4] + 4);
}

TEST_CASE("a single item is found whichever shard it is in") {
  Queue queue(8, 100);
  std::vector<Item> items = make_items(1);
  for (unsigned hint = 0; hint < 20; ++hint) {
    queue.push(&items[0], &items[0], 1, hint);
    unsigned cursor = 3;
    Item* chain = nullptr;
    CHECK(queue.pop(10, cursor, chain) == 1);
    CHECK(chain == &items[0]);
  }
}

TEST_CASE("admission counts, and pushes of wakes do not ask for it") {
  Queue queue(1, 3);
  std::vector<Item> items = make_items(5);
  CHECK(queue.capacity() == 3);
  CHECK(queue.has_room(3));
  CHECK_FALSE(queue.has_room(4));
  REQUIRE(queue.admit());
  CHECK(queue.size() == 1);  // reserved
  queue.push_admitted(&items[0], 0);
  CHECK(queue.size() == 1);
  push_batch(queue, items, 1, 3, 0);
  CHECK(queue.size() == 3);
  CHECK_FALSE(queue.admit());
  CHECK(queue.size() == 3);
  CHECK_FALSE(queue.has_room(1));
  queue.push(&items[3], &items[3], 1, 0);
  CHECK_FALSE(queue.admit());
  unsigned cursor = 0;
  Item* chain = nullptr;
  CHECK(queue.pop(2, cursor, chain) == 2);
  CHECK(queue.has_room(1));
  CHECK(queue.admit());
  CHECK_FALSE(queue.admit());
  CHECK(queue.high_water() == 4);
}

TEST_CASE("no more are admitted than there is room for, and none is refused while there is") {
  constexpr unsigned kThreads = 4;
  constexpr std::size_t kCapacity = 1000;
  Queue queue(4, kCapacity);
  Atomic<std::size_t> admitted{0};
  run_together(kThreads, [&](unsigned) {
    for (int i = 0; i < 1000; ++i) {
      if (queue.admit()) ++admitted;
    }
  });
  CHECK(admitted == kCapacity);
  CHECK(queue.size() == kCapacity);
}

// Holds as many rooms as there are threads: nobody may be refused, whatever the others try.
TEST_CASE("a refused admission takes no room from others, not even for a moment") {
  constexpr unsigned kThreads = 4;
  constexpr int kRounds = 20'000;
  Queue queue(4, kThreads);
  std::vector<Item> items = make_items(kThreads);
  Atomic<int> refused{0};
  run_together(kThreads, [&](unsigned me) {
    unsigned cursor = me;
    Item* mine = &items[me];
    for (int i = 0; i < kRounds; ++i) {
      if (!queue.admit()) {
        ++refused;
        continue;
      }
      queue.push_admitted(mine, me);
      // As many items as threads: each finds one, if not its own.
      while (queue.pop(1, cursor, mine) == 0) {
      }
    }
  });
  CHECK(refused == 0);
  CHECK(queue.high_water() <= kThreads);
}

TEST_CASE("many pushers and poppers: every item exactly once") {
  const unsigned shards = GENERATE(1u, 4u);
  CAPTURE(shards);
  constexpr unsigned kPushers = 3;
  constexpr unsigned kPoppers = 3;
  constexpr std::size_t kEach = 20'000;
  Queue queue(shards, 1);
  std::vector<Item> items = make_items(kPushers * kEach);
  Atomic<std::size_t> taken{0};
  Atomic<int> empty_lies{0};
  run_together(kPushers + kPoppers, [&](unsigned me) {
    if (me < kPushers) {
      std::size_t next = me * kEach;
      const std::size_t end = next + kEach;
      while (next < end) {
        const std::size_t batch = std::min<std::size_t>(1 + next % 5, end - next);
        push_batch(queue, items, next, next + batch, me);
        next += batch;
      }
      return;
    }
    unsigned cursor = me;
    while (taken.load() < items.size()) {
      Item* chain = nullptr;
      const std::size_t count = queue.pop(1 + me % 3, cursor, chain);
      if (count != length(chain) && count != 0) ++empty_lies;
      for (std::size_t i = 0; i < count; ++i) {
        Item* next = chain->queue_next;
        chain->taken.fetch_add(1);
        chain = next;
      }
      taken.fetch_add(count);
    }
  });
  CHECK(empty_lies == 0);
  CHECK(each_taken_once(items));
  CHECK(queue.empty());
  CHECK(queue.pushes() == items.size());
  CHECK(queue.high_water() <= items.size());
  CHECK(queue.high_water() >= 1);
}

}  // namespace
}  // namespace ekiden::runtime::test
