// A C++ plugin for the tests of EKIDEN_PLUGIN: what it does is in its settings and commands.
#pragma once

#include <atomic>

namespace ekiden::test {

// What instances did, for the test that loads them: it and they are one program.
struct TrialCounts {
  std::atomic<int> alive{0};      // instances between constructor and destructor
  std::atomic<int> run_ended{0};  // run() came to its end by itself
  std::atomic<int> frames{0};     // coroutines of run() and of commands that are there
  std::atomic<int> ticks{0};
};
extern TrialCounts trial_counts;

}  // namespace ekiden::test
