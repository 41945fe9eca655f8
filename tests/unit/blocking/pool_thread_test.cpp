#include "runtime/blocking/pool_thread.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace ekiden::runtime;

TEST_CASE("a parker remembers a signal that came first") {
  PoolParker parker;
  parker.prepare();
  parker.signal();
  CHECK(parker.wait_for(0));
  parker.prepare();
  CHECK_FALSE(parker.wait_for(0));
  CHECK_FALSE(parker.wait_for(kNanosPerMilli));
}

TEST_CASE("a parker is signalled from another thread, round after round") {
  PoolParker here;
  PoolParker there;
  int rounds = 0;
  here.prepare();
  there.prepare();
  std::thread other([&] {
    for (int i = 0; i < 2000; ++i) {
      there.wait();
      there.prepare();
      here.signal();
    }
  });
  for (int i = 0; i < 2000; ++i) {
    there.signal();
    if (!here.wait_for(kNever)) break;
    here.prepare();
    ++rounds;
  }
  other.join();
  CHECK(rounds == 2000);
}
