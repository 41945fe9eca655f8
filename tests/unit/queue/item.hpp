// What the queues hold in these tests.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/base/atomic.hpp"

namespace ekiden::runtime::test {

struct Item {
  Item* queue_next = nullptr;
  std::size_t number = 0;
  Atomic<int> taken{0};
};

inline std::vector<Item> make_items(std::size_t count) {
  std::vector<Item> items(count);
  for (std::size_t i = 0; i < count; ++i)
    items[i].number = i;
  return items;
}

inline bool each_taken_once(const std::vector<Item>& items) {
  for (const Item& item : items) {
    if (item.taken.load() != 1) return false;
  }
  return true;
}

}  // namespace ekiden::runtime::test
