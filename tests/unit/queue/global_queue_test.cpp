#include "runtime/queue/global_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/unit/base/threads.hpp"
#include "tests/unit/queue/item.hpp"

namespace ekiden::runtime::test {
namespace {

using Queue = GlobalQueue<Item>;

// Pushes items[from, to) as one batch.
void push_batch(Queue& queue, std::vector<Item>& items, std::size_t from, std::size_t to,
                unsigned hint) {
  queue.push_n(to - from, hint, [&] { return &items[from++]; });
}

// The numbers of up to `most` items of one shard, in the order in which they came.
std::vector<std::size_t> pop(Queue& queue, std::size_t most, unsigned& cursor) {
  std::vector<std::size_t> numbers;
  const std::size_t count =
      queue.pop(most, cursor, [&](const Item* item) { numbers.push_back(item->number); });
  CHECK(count == numbers.size());
  return numbers;
}

std::vector<std::size_t> range(std::size_t from, std::size_t to) {
  std::vector<std::size_t> numbers(to - from);
  std::iota(numbers.begin(), numbers.end(), from);
  return numbers;
}

TEST_CASE("a shard keeps its order") {
  Queue queue(1, 100);
  std::vector<Item> items = make_items(10);
  for (Item& item : items)
    queue.push(&item, 5);
  CHECK(queue.size() == 10);
  CHECK_FALSE(queue.empty());
  unsigned cursor = 0;
  CHECK(pop(queue, 3, cursor) == range(0, 3));
  CHECK(pop(queue, 100, cursor) == range(3, 10));
  CHECK(queue.empty());
  CHECK(pop(queue, 1, cursor).empty());
}

TEST_CASE("a pop for nothing takes nothing") {
  Queue queue(2, 100);
  std::vector<Item> items = make_items(1);
  queue.push(&items[0], 0);
  unsigned cursor = 0;
  CHECK(pop(queue, 0, cursor).empty());
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
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(pop(queue, 1, cursor) == range(i, i + 1));
}

// A shard has as many places as the capacity, rounded up to a power of two. What does not fit is
// linked behind them, and so is all that follows until no linked one is left.
TEST_CASE("a shard beyond its places keeps its order") {
  const std::size_t capacity = GENERATE(1u, 3u, 4u, 16u);
  const std::size_t most = GENERATE(1u, 2u, 5u, 100u);
  CAPTURE(capacity, most);
  Queue queue(1, capacity);
  std::vector<Item> items = make_items(2000);
  std::size_t in = 0;
  std::size_t out = 0;
  bool in_order = true;
  unsigned cursor = 0;
  // Rises above the places and falls again, sometimes to nothing, with every batch length.
  for (std::size_t round = 0; in < items.size(); ++round) {
    const std::size_t batch = std::min(1 + round % 7, items.size() - in);
    push_batch(queue, items, in, in + batch, 0);
    in += batch;
    const bool drain = round % 11 == 10;
    for (std::size_t i = 0; drain ? out < in : i < round % 4; ++i) {
      const std::vector<std::size_t> got = pop(queue, most, cursor);
      in_order &= got == range(out, out + got.size());
      out += got.size();
    }
    in_order &= queue.size() == in - out;
  }
  CHECK(in_order);
  CHECK(queue.high_water() > 4);
  CHECK(pop(queue, items.size(), cursor) == range(out, in));
  CHECK(queue.empty());
}

TEST_CASE("what comes while some are linked waits behind them, though places are free") {
  Queue queue(1, 2);
  std::vector<Item> items = make_items(6);
  unsigned cursor = 0;
  push_batch(queue, items, 0, 4, 0);  // 2 and 3 are linked
  CHECK(pop(queue, 2, cursor) == range(0, 2));
  queue.push(&items[4], 0);
  CHECK(pop(queue, 2, cursor) == range(2, 4));
  queue.push(&items[5], 0);
  CHECK(pop(queue, 1, cursor) == range(4, 5));
  CHECK(pop(queue, 9, cursor) == range(5, 6));
  CHECK(queue.empty());
}

TEST_CASE("the places are gone round again and again, and begun anew when empty") {
  const bool empties = GENERATE(false, true);
  CAPTURE(empties);
  Queue queue(1, 4);
  std::vector<Item> items = make_items(1003);
  const std::size_t level = empties ? 0 : 3;
  unsigned cursor = 0;
  push_batch(queue, items, 0, level, 0);
  bool in_order = true;
  for (std::size_t i = level; i < items.size(); ++i) {
    queue.push(&items[i], 0);
    in_order &= pop(queue, 1, cursor) == range(i - level, i - level + 1);
  }
  CHECK(in_order);
  CHECK(queue.size() == level);
  // None was ever linked: there was a place for each.
  CHECK(std::all_of(items.begin(), items.end(),
                    [](const Item& item) { return item.queue_next == nullptr; }));
}

TEST_CASE("a popper goes round the shards") {
  Queue queue(4, 100);
  std::vector<Item> items = make_items(40);
  for (Item& item : items)
    queue.push(&item, static_cast<unsigned>(item.number));
  unsigned cursor = 2;
  std::vector<std::size_t> order;
  while (queue.pop(1, cursor, [&](const Item* item) { order.push_back(item->number); }) == 1) {
  }
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
    queue.push(&items[0], hint);
    unsigned cursor = 3;
    CHECK(pop(queue, 10, cursor) == range(0, 1));
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
  queue.push(&items[3], 0);
  CHECK_FALSE(queue.admit());
  unsigned cursor = 0;
  CHECK(pop(queue, 2, cursor) == range(0, 2));
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
      while (queue.pop(1, cursor, [&](Item* item) { mine = item; }) == 0) {
      }
    }
  });
  CHECK(refused == 0);
  CHECK(queue.high_water() <= kThreads);
}

TEST_CASE("many pushers and poppers: every item exactly once") {
  const unsigned shards = GENERATE(1u, 4u);
  // With few places most are linked, with many none is.
  const std::size_t capacity = GENERATE(1u, 64u, 100'000u);
  CAPTURE(shards, capacity);
  constexpr unsigned kPushers = 3;
  constexpr unsigned kPoppers = 3;
  constexpr std::size_t kEach = 10'000;
  Queue queue(shards, capacity);
  std::vector<Item> items = make_items(kPushers * kEach);
  Atomic<std::size_t> taken{0};
  Atomic<int> wrong_counts{0};
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
      std::size_t seen = 0;
      const std::size_t count = queue.pop(1 + me % 3, cursor, [&](Item* item) {
        item->taken.fetch_add(1);
        ++seen;
      });
      if (count != seen || count > 1 + me % 3) ++wrong_counts;
      taken.fetch_add(count);
      if (count == 0) std::this_thread::yield();  // a pusher may need this CPU
    }
  });
  CHECK(wrong_counts == 0);
  CHECK(each_taken_once(items));
  CHECK(queue.empty());
  CHECK(queue.pushes() == items.size());
  CHECK(queue.high_water() <= items.size());
  CHECK(queue.high_water() >= 1);
}

}  // namespace
}  // namespace ekiden::runtime::test
