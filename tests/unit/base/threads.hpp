// Threads that begin together, so that what they do really meets.
#pragma once

#include <latch>
#include <thread>
#include <vector>

namespace ekiden::runtime::test {

// Runs body(0) … body(count - 1), each on a thread of its own, and waits for all. Assertions of the
// test framework are for the main thread: collect in `body`, assert afterwards.
template <class Body>
void run_together(unsigned count, Body body) {
  std::latch start(count);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace ekiden::runtime::test
