#include "runtime/reactor/source_life.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <limits>
#include <thread>
#include <vector>

namespace ekiden::runtime {

namespace {

using Unpin = SourceLife::Unpin;

}  // namespace

TEST_CASE("only a live generation can be pinned") {
  SourceLife life;
  CHECK(life.live_generation() == 0);
  CHECK_FALSE(life.try_pin(0));
  CHECK(life.next_generation() == 1);
  life.open(1);
  CHECK(life.live_generation() == 1);
  CHECK_FALSE(life.try_pin(0));
  CHECK_FALSE(life.try_pin(2));
  REQUIRE(life.try_pin(1));
  CHECK(life.unpin() == Unpin::kNotLast);
}

TEST_CASE("the last user of a closing source ends it, and only one closes") {
  SourceLife life;
  life.open(1);
  REQUIRE(life.try_pin(1));
  REQUIRE(life.try_pin(1));
  CHECK_FALSE(life.is_closing());
  CHECK(life.begin_close());
  CHECK_FALSE(life.begin_close());
  CHECK(life.is_closing());
  CHECK_FALSE(life.try_pin(1));
  CHECK(life.unpin() == Unpin::kNotLast);
  CHECK(life.unpin() == Unpin::kLast);
  CHECK(life.retire());
  CHECK(life.live_generation() == 0);
  CHECK(life.next_generation() == 2);
  // A free slot refuses the generation before and the one to come.
  CHECK_FALSE(life.try_pin(1));
  CHECK_FALSE(life.try_pin(2));
}

TEST_CASE("a slot whose generations are used up does not live again") {
  SourceLife life;
  constexpr std::uint32_t kLastGeneration = std::numeric_limits<std::uint32_t>::max();
  life.open(kLastGeneration);
  REQUIRE(life.try_pin(kLastGeneration));
  REQUIRE(life.begin_close());
  REQUIRE(life.unpin() == Unpin::kLast);
  CHECK_FALSE(life.retire());
}

TEST_CASE("among many users exactly one is the last") {
  for (const int threads : {1, 2, 4, 8}) {
    SourceLife life;
    std::atomic<int> lasts{0};
    std::atomic<int> closers{0};
    for (std::uint32_t generation = 1; generation <= 2000; ++generation) {
      life.open(generation);
      std::vector<std::thread> users;
      const bool spread = generation % 100 == 0;  // starting threads is slow
      auto use = [&] {
        if (!life.try_pin(generation)) return;
        if (life.begin_close()) closers.fetch_add(1);
        if (life.unpin() == Unpin::kLast) lasts.fetch_add(1);
      };
      for (int i = 1; spread && i < threads; ++i)
        users.emplace_back(use);
      use();
      for (std::thread& user : users)
        user.join();
      if (!life.retire()) break;
    }
    CAPTURE(threads);
    CHECK(closers == 2000);
    CHECK(lasts == 2000);
  }
}

}  // namespace ekiden::runtime
