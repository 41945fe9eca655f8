// One owner, several thieves: every item is taken exactly once.

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "runtime/queue/local_queue.hpp"
#include "tests/unit/base/threads.hpp"
#include "tests/unit/queue/item.hpp"

namespace ekiden::runtime::test {
namespace {

using Queue = LocalQueue<Item>;

constexpr std::size_t kItems = 30'000;

// What a thread does with an item that it holds: it alone may write to it, also through the link.
class Hands {
 public:
  void take(Item* item) {
    if (item == nullptr) return;
    item->queue_next = item;
    item->taken.fetch_add(1, std::memory_order_relaxed);
    for (int i = 0; i < 5; ++i)
      cpu_relax();
    std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler is to look again
    // Somebody who links an item that he does not hold shows up here, or under ThreadSanitizer.
    if (item->queue_next != item) ++meddled_;
    item->queue_next = nullptr;
  }
  int meddled() const { return meddled_; }

 private:
  Atomic<int> meddled_{0};
};

void steal_until(const Atomic<bool>& done, Queue& own, Queue& victim, Hands& hands) {
  while (!done.load()) {
    std::size_t moved = 0;
    hands.take(own.steal_from(victim, moved));
    while (Item* item = own.pop())
      hands.take(item);
    if (moved == 0) std::this_thread::yield();  // the owner may need this CPU
  }
}

TEST_CASE("an owner that pushes and pops, and thieves") {
  const std::size_t capacity = GENERATE(2u, 4u, 256u);
  const unsigned thieves = GENERATE(1u, 2u, 4u);
  CAPTURE(capacity, thieves);
  std::vector<Item> items = make_items(kItems);
  Queue queue(capacity);
  Hands hands;
  Atomic<bool> done{false};
  run_together(thieves + 1, [&](unsigned me) {
    if (me != 0) {
      Queue own(me % 2 == 0 ? 2 : 64);
      return steal_until(done, own, queue, hands);
    }
    for (Item& item : items) {
      while (queue.push(&item) == 0)
        hands.take(queue.pop());
      if (item.number % 7 == 0) hands.take(queue.pop());
    }
    while (Item* item = queue.pop())
      hands.take(item);
    done.store(true);
  });
  CHECK(queue.empty());
  CHECK(each_taken_once(items));
  CHECK(hands.meddled() == 0);
}

TEST_CASE("an owner that overflows, and thieves (invariant 3)") {
  const std::size_t capacity = GENERATE(2u, 4u, 256u);
  const unsigned thieves = GENERATE(1u, 2u, 4u);
  CAPTURE(capacity, thieves);
  std::vector<Item> items = make_items(kItems);
  Queue queue(capacity);
  Hands hands;
  Atomic<bool> done{false};
  run_together(thieves + 1, [&](unsigned me) {
    if (me != 0) {
      Queue own(64);
      return steal_until(done, own, queue, hands);
    }
    for (Item& item : items) {
      while (queue.push(&item) == 0) {
        std::uint64_t from = 0;
        const std::size_t count = queue.take_half(from);
        for (std::size_t i = 0; i < count; ++i)
          hands.take(queue.entry(from + i));
      }
    }
    while (Item* item = queue.pop())
      hands.take(item);
    done.store(true);
  });
  CHECK(queue.empty());
  CHECK(each_taken_once(items));
  CHECK(hands.meddled() == 0);
}

TEST_CASE("owners that steal from each other in a ring") {
  const unsigned owners = GENERATE(2u, 3u, 5u);
  const std::size_t capacity = GENERATE(2u, 16u);
  CAPTURE(owners, capacity);
  constexpr std::size_t kEach = 20'000;
  std::vector<Item> items = make_items(owners * kEach);
  std::vector<std::unique_ptr<Queue>> queues;
  for (unsigned i = 0; i < owners; ++i)
    queues.push_back(std::make_unique<Queue>(capacity));
  Hands hands;
  Atomic<std::size_t> taken{0};
  const auto take = [&](Item* item) {
    if (item == nullptr) return;
    hands.take(item);
    taken.fetch_add(1);
  };
  run_together(owners, [&](unsigned me) {
    Queue& own = *queues[me];
    Queue& victim = *queues[(me + 1) % owners];
    std::size_t next = me * kEach;
    const std::size_t end = next + kEach;
    while (taken.load() < items.size()) {
      while (next < end && own.push(&items[next]) != 0)
        ++next;
      if (next % 2 == 0) take(own.pop());
      std::size_t moved = 0;
      take(own.steal_from(victim, moved));
      if (next == end) take(own.pop());
      if (moved == 0) std::this_thread::yield();
    }
  });
  CHECK(taken == items.size());
  CHECK(each_taken_once(items));
}

TEST_CASE("a look from outside never exceeds the capacity, and an empty ring is empty") {
  Queue queue(4);
  std::vector<Item> items = make_items(1);
  Atomic<bool> done{false};
  Atomic<int> wrong{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (std::size_t i = 0; i < kItems; ++i) {
        static_cast<void>(queue.push(&items[0]));
        if (i % 3 == 0) {
          while (queue.pop() != nullptr) {
          }
        }
      }
      while (queue.pop() != nullptr) {
      }
      done.store(true);
    } else {
      while (!done.load()) {
        if (queue.size() > queue.capacity()) ++wrong;
      }
      if (!queue.empty()) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test
