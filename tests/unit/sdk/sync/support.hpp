// Steps of tests of the synchronization. Parts of one join_all are begun in their order and take
// turns on one thread, so what they find is the same at every run.
#pragma once

#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/sync.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

// A check in a coroutine.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// Lets the other parts and tasks take their turns.
inline Task<> turns(unsigned count = 3) {
  for (unsigned i = 0; i < count; ++i)
    co_await yield();
}

// Until it holds; false after a while that is less than what the world has.
template <class Condition>
Task<bool> until(Condition condition) {
  const TimePoint end = now() + kPatience / 2;
  while (!condition()) {
    if (now() > end) co_return false;
    co_await yield();
  }
  co_return true;
}

// What the parts have come to, in order.
using Order = std::vector<int>;

}  // namespace ekiden::test
