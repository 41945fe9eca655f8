// What the test of cancellation is about: one entry a thing to wait for. A topic adds its rows with
// a function of its own, and cancel_test.cpp goes through all of them.
//
//   class MutexScenario final : public CancelScenario { … };
//   {"a mutex", make_scenario<MutexScenario>}
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {

// How the subject of a run came to its end.
enum class Fate : std::uint8_t {
  kEnded,      // by itself
  kCutBefore,  // cancelled, and all of it gone, before let_go()
  kCut,        // cancelled about when, or after, what it waits for was there
};

// One run. Made anew for each way to cancel; all of it but let_go() runs as a task.
class CancelScenario {
 public:
  virtual ~CancelScenario() = default;

  // Before the others.
  virtual Task<> prepare() { co_return; }
  // What is cancelled at each point where it is suspended. Ends by itself after let_go(). What it
  // has got it says in members, without a suspension in between.
  virtual Task<> subject() = 0;
  // A task that competes with it for the same. Ends by itself when let_go() has been called and
  // the subject is gone.
  virtual Task<> neighbour() { co_return; }
  // What the subject waits for comes. Called once, on any thread, also where the subject is gone.
  virtual void let_go() {}
  // The subject and the neighbour are gone. Throws where something is lost or left over.
  virtual Task<> check(Fate fate) = 0;
};

struct CancelCase {
  const char* name;
  std::unique_ptr<CancelScenario> (*make)();
  // What the runtime must be like for it; null: as usual.
  void (*tune)(runtime::Options& options) = nullptr;
};

template <class S>
std::unique_ptr<CancelScenario> make_scenario() {
  return std::make_unique<S>();
}

// The rows.
std::vector<CancelCase> task_cancel_cases();
std::vector<CancelCase> sync_cancel_cases();
std::vector<CancelCase> channel_cancel_cases();
std::vector<CancelCase> structured_cancel_cases();

}  // namespace ekiden::test
