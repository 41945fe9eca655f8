// Built as the other tests are, and once more without optimisation: there gcc 12 makes no tail call
// of a transfer from one coroutine to the next.
#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

constexpr int kAwaits = 10'000'000;
// With 40 bytes of stack for each it would overflow.
constexpr int kDepth = 200'000;

Task<int> value(int x) { co_return x; }

Task<std::int64_t> many_awaits() {
  std::int64_t sum = 0;
  for (int i = 0; i < kAwaits; ++i)
    sum += co_await value(1);
  co_return sum;
}

Task<int> deep_awaits(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await deep_awaits(depth - 1);
}

}  // namespace

TEST_CASE("ten million awaits that end at once take a constant stack", "[sdk][task]") {
  World world(1);
  CHECK(world.run(many_awaits()) == kAwaits);
}

TEST_CASE("a deep chain of awaits takes a constant stack", "[sdk][task]") {
  World world(1);
  CHECK(world.run(deep_awaits(kDepth)) == kDepth);
}

}  // namespace ekiden::test
