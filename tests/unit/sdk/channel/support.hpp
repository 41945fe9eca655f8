// What the tests of channels share.
#pragma once

#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {

// A check within a task.
inline void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

// A message that is counted while it lives.
struct Counted {
  Counted(int of, std::atomic<int>& alive) : number(of), here(alive) {}
  int number;
  Alive here;
};

inline Task<> send_some(mpsc::Sender<int> tx, int from, int count) {
  for (int i = 0; i < count; ++i)
    co_await tx.send(from + i);
}

// Long enough for those that can run, unless the machine is busy; never what a test relies on.
inline Task<> let_others_run() {
  for (int i = 0; i < 3; ++i)
    co_await sleep(std::chrono::milliseconds(1));
}

}  // namespace ekiden::test
