// Who runs next, and what makes a thread wait.

#include <string>

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

namespace {

// What a loop that pauses may look again for, with nobody writing anything.
constexpr unsigned kIdleTurnsMax = 1000;

}  // namespace

// Before every operation: another thread may be taken. While a model is set up, or looks at the
// end, there is none.
void Engine::step() {
  if (++steps_ > options_.steps_max) fail(Fault::kEndless, "the run does not end");
  if (count_ > 1) change_thread(/*current_can_go_on=*/true);
}

void Engine::block(State state, const void* waits_for) {
  mine().state = state;
  mine().waits_for = waits_for;
  change_thread(/*current_can_go_on=*/false);
}

void Engine::change_thread(bool current_can_go_on) {
  const unsigned before = current_;
  const unsigned next = choose_thread(current_can_go_on);
  if (next == before) return;
  current_ = next;
  for (Thread& thread : threads_) {
    thread.ran_since_pause |= 1u << next;
    thread.goes_after &= ~(1u << next);
  }
  Fiber::change(threads_[before].fiber, threads_[next].fiber);
}

// It can go on, and lets nobody else go first who can.
bool Engine::is_able(unsigned thread) const {
  if (threads_[thread].state != State::kReady) return false;
  for (unsigned other = 1; other < count_; ++other) {
    const bool goes_first = threads_[thread].goes_after >> other & 1;
    if (goes_first && threads_[other].state == State::kReady) return false;
  }
  return true;
}

unsigned Engine::choose_thread(bool current_can_go_on) {
  std::array<unsigned, kThreadsMax> able;
  unsigned count = 0;
  // The current one first: to go on is what costs nothing.
  if (current_can_go_on) able[count++] = current_;
  bool paused = false;
  for (unsigned thread = 1; thread < count_; ++thread) {
    paused = paused || threads_[thread].state == State::kPaused;
    if (!is_able(thread) || (current_can_go_on && thread == current_)) continue;
    able[count++] = thread;
  }
  if (count == 0 && paused) {
    // They look again, though nobody has written anything: there may be an end to their looking.
    if (++idle_turns_ > kIdleTurnsMax) fail(Fault::kEndless, "all wait for each other in loops");
    for (unsigned thread = 1; thread < count_; ++thread) {
      if (threads_[thread].state != State::kPaused) continue;
      threads_[thread].state = State::kReady;
      able[count++] = thread;
    }
  }
  for (unsigned thread = 1; count == 0 && thread < count_; ++thread) {
    if (threads_[thread].state != State::kResting) continue;
    threads_[thread].state = State::kReady;
    able[count++] = thread;
  }
  if (count == 0) {
    everybody_blocked();
    return 0;
  }
  if (count == 1) return able[0];
  if (!current_can_go_on) return able[choices_.choose(count, 1)];
  if (!at_random_ && preemptions_ == preemptions_max_) {
    result_.bounds_mattered = true;
    return able[0];
  }
  constexpr unsigned kOneIn = 6;
  const unsigned chosen = choices_.choose(count, kOneIn);
  if (chosen != 0) ++preemptions_;
  return able[chosen];
}

void Engine::everybody_blocked() {
  std::string text;
  for (unsigned thread = 1; thread < count_; ++thread) {
    const State state = threads_[thread].state;
    if (state == State::kEnded) continue;
    if (state == State::kAsleep && model_->may_stay_blocked(thread - 1)) continue;
    text += (text.empty() ? "thread " : ", thread ") + std::to_string(thread) +
            (state == State::kLocked ? " waits for a lock" : " sleeps on a futex");
  }
  if (!text.empty()) fail(Fault::kBlocked, "nobody can go on: " + text);
}

void Engine::end_thread() {
  block(State::kEnded, nullptr);
  std::abort();
}

// Somebody may look at it in a loop.
void Engine::wrote() {
  idle_turns_ = 0;
  for (unsigned thread = 1; thread < count_; ++thread) {
    if (threads_[thread].state == State::kPaused) threads_[thread].state = State::kReady;
  }
}

void Engine::pause() {
  if (count_ == 1) return;
  if (++steps_ > options_.steps_max) fail(Fault::kEndless, "the run does not end");
  // Who could have gone on all the time since this thread has paused before, and was not let, goes
  // first: else two that pause could keep a third from its work for ever. (The rule is that of
  // Musuvathi and Qadeer, "Fair stateless model checking", 2008.)
  Thread& self = mine();
  for (unsigned thread = 1; thread < count_; ++thread) {
    const bool ran = self.ran_since_pause >> thread & 1;
    if (thread != current_ && !ran && threads_[thread].state == State::kReady) {
      self.goes_after |= 1u << thread;
    }
  }
  self.ran_since_pause = 0;
  block(State::kPaused, nullptr);
  memory_.catch_up(mine().knowledge);
}

void Engine::wait_for_rest() {
  if (count_ == 1) return;
  block(State::kResting, nullptr);
  memory_.catch_up(mine().knowledge);
}

// --- Locks ---------------------------------------------------------------------------------------

void Engine::lock(const void* mutex) {
  step();
  while (locks_[mutex].held)
    block(State::kLocked, mutex);
  Lock& lock = locks_[mutex];
  lock.held = true;
  mine().knowledge.join(lock.handed_on);
  note(Operation::kLock, 0, 0, std::memory_order_acquire, 0, {});
}

bool Engine::try_lock(const void* mutex) {
  step();
  Lock& lock = locks_[mutex];
  if (lock.held) return false;
  lock.held = true;
  mine().knowledge.join(lock.handed_on);
  note(Operation::kLock, 0, 0, std::memory_order_acquire, 0, {});
  return true;
}

void Engine::unlock(const void* mutex) {
  Lock& lock = locks_[mutex];
  lock.held = false;
  lock.handed_on = mine().knowledge;
  tick();
  note(Operation::kUnlock, 0, 0, std::memory_order_release, 0, {});
  for (unsigned thread = 1; thread < count_; ++thread) {
    Thread& it = threads_[thread];
    if (it.state == State::kLocked && it.waits_for == mutex) it.state = State::kReady;
  }
  wrote();
}

// --- Futexes -------------------------------------------------------------------------------------

// The kernel compares under a lock that wakers take, too: it sees the newest value, and nobody can
// come between the look and the sleep.
void Engine::futex_wait(const void* address, std::uint64_t held, std::uint64_t expected) {
  const unsigned atomic = find(address, held);
  step();
  note(Operation::kFutexWait, atomic, expected, std::memory_order_relaxed, 0, {});
  if (memory_.newest(atomic) != expected) return;
  block(State::kAsleep, address);
}

void Engine::futex_wake(const void* address, unsigned count) {
  step();
  note(Operation::kFutexWake, 0, count, std::memory_order_relaxed, 0, {});
  for (unsigned thread = 1; thread < count_ && count > 0; ++thread) {
    Thread& it = threads_[thread];
    if (it.state != State::kAsleep || it.waits_for != address) continue;
    it.state = State::kReady;
    --count;
  }
}

}  // namespace ekiden::model
