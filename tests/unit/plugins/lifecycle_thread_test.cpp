// The queue in front of a lifecycle thread.
#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "daemon/plugins/lifecycle_thread.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/thread_census.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {

TEST_CASE("Work runs in its order on one thread, and what is queued runs before the end") {
  std::vector<int> order;
  {
    LifecycleThread thread("test");
    for (int i = 0; i < 100; i++)
      REQUIRE(thread.post([&order, i] { order.push_back(i); }));
    thread.finish();
    CHECK_FALSE(thread.post([] {}));
    CHECK_FALSE(thread.post_regardless([] {}));
  }
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("The queue is bounded, except for what ends the instance") {
  std::atomic<bool> release{false};
  std::atomic<int> ran{0};
  std::size_t accepted = 0;
  LifecycleThread thread("test");
  REQUIRE(thread.post([&] {
    while (!release.load())
      std::this_thread::yield();
  }));
  while (thread.post([&] { ran++; }))
    accepted++;
  // The thread has taken the first one, or not yet.
  CHECK(accepted <= plugin_limits::kLifecycleQueueMax);
  CHECK(accepted + 1 >= plugin_limits::kLifecycleQueueMax);
  CHECK(thread.post_regardless([&] { ran++; }));
  release.store(true);
  CHECK(test::wait_until([&] { return ran.load() == static_cast<int>(accepted) + 1; }));
}

TEST_CASE("Names of lifecycle threads fit the kernel and are never the same") {
  const std::string plugin(63, 'x');
  const std::string first = unique_thread_name(plugin);
  const std::string second = unique_thread_name(plugin);
  CHECK(first != second);
  CHECK(first.size() <= 15);
}

TEST_CASE("A thread that a lifecycle thread starts is counted until it ends") {
  std::atomic<bool> release{false};
  std::atomic<std::size_t> before{99};
  std::atomic<std::size_t> during{99};
  std::atomic<std::size_t> after{99};
  {
    LifecycleThread thread(unique_thread_name("census"));
    REQUIRE(thread.post([&] {
      before = count_threads_named_like_me(std::chrono::seconds(0));
      std::thread child([&] {
        while (!release.load())
          std::this_thread::yield();
      });
      during = count_threads_named_like_me(std::chrono::milliseconds(5));
      release.store(true);
      child.join();
      after = count_threads_named_like_me(std::chrono::seconds(60));
    }));
  }
  CHECK(before == 0);
  CHECK(during == 1);
  CHECK(after == 0);
}

}  // namespace ekiden::daemon
