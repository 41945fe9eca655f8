#include "daemon/logging/line_queue.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using ekiden::daemon::log::LineQueue;

namespace {

// A queue counts a string's own bytes, too.
constexpr std::size_t kLineBytes = 100;
constexpr std::size_t kCostBytes = kLineBytes + sizeof(std::string);

std::string line(char c) { return std::string(kLineBytes, c); }

}  // namespace

TEST_CASE("lines come out in order") {
  LineQueue queue(10 * kCostBytes);
  REQUIRE(queue.push(line('a')));
  REQUIRE(queue.push(line('b')));
  CHECK(queue.take()->line == line('a'));
  CHECK(queue.take()->line == line('b'));
  CHECK(queue.dropped() == 0);
}

TEST_CASE("the oldest lines go, and the next one that is taken says how many") {
  LineQueue queue(2 * kCostBytes);
  for (const char c : {'a', 'b', 'c', 'd'})
    REQUIRE(queue.push(line(c)));
  CHECK(queue.dropped() == 2);
  const auto first = queue.take();
  CHECK(first->line == line('c'));
  CHECK(first->dropped_before == 2);
  const auto second = queue.take();
  CHECK(second->line == line('d'));
  CHECK(second->dropped_before == 0);
}

TEST_CASE("a line longer than the queue is dropped and leaves the others") {
  LineQueue queue(2 * kCostBytes);
  REQUIRE(queue.push(line('a')));
  REQUIRE(queue.push(std::string(3 * kCostBytes, 'x')));
  CHECK(queue.dropped() == 1);
  CHECK(queue.take()->line == line('a'));
}

TEST_CASE("a closed queue takes nothing and gives what is left") {
  LineQueue queue(10 * kCostBytes);
  REQUIRE(queue.push(line('a')));
  queue.close();
  std::string late = line('b');
  CHECK_FALSE(queue.push(std::move(late)));
  CHECK(late == line('b'));
  CHECK(queue.take()->line == line('a'));
  CHECK_FALSE(queue.take());
}

TEST_CASE("closing wakes a thread that waits for a line") {
  LineQueue queue(10 * kCostBytes);
  bool got_nothing = false;
  std::thread taker([&] { got_nothing = !queue.take(); });
  queue.close();
  taker.join();
  CHECK(got_nothing);
}

TEST_CASE("idle means taken and dealt with") {
  LineQueue queue(10 * kCostBytes);
  CHECK(queue.wait_idle(0ms));
  REQUIRE(queue.push(line('a')));
  CHECK_FALSE(queue.wait_idle(0ms));
  std::thread taker([&] {
    while (queue.take()) {
    }
  });
  CHECK(queue.wait_idle(60s));
  queue.close();
  taker.join();
}

TEST_CASE("a line in hand is not idle") {
  LineQueue queue(10 * kCostBytes);
  REQUIRE(queue.push(line('a')));
  REQUIRE(queue.take());
  CHECK_FALSE(queue.wait_idle(0ms));
}
