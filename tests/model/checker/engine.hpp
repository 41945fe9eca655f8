// One exploration: the threads of a model as fibers, of which one runs at a time, and what happens
// at their operations. Every operation on an atomic, a lock or a futex is a point where another
// thread may be taken instead.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/model/checker/choices.hpp"
#include "tests/model/checker/fiber.hpp"
#include "tests/model/checker/memory.hpp"
#include "tests/model/checker/model.hpp"

namespace ekiden::model {

// For misuse of the checker itself: says so and ends the process.
[[noreturn]] void die(const char* text);

// Plain data and who has touched it, for races.
struct PlainHistory {
  Moment written;
  std::array<std::uint32_t, kThreadsMax> read{};
};

class Engine {
 public:
  Engine(const Options& options, const MakeModel& make, const Mutation* mutation);

  // The one whose run is going on, or null.
  static Engine* running() { return running_; }

  Result explore();

  // --- Operations, on the fiber of a thread ------------------------------------------------------
  // `held`: what the atomic's own memory holds, in case it was never met.

  void construct(const void* address, std::uint64_t value);
  std::uint64_t load(const void* address, std::uint64_t held, std::memory_order order, Site site);
  // These three answer whether the atomic's own memory is to take the value: not where the store is
  // older than another, or a mutant leaves it out.
  bool store(const void* address, std::uint64_t held, std::uint64_t value, std::memory_order order,
             Site site);
  // A read-modify-write: nothing comes between the two halves, unless a mutant splits them.
  std::uint64_t begin_exchange(const void* address, std::uint64_t held, std::memory_order order,
                               Site site);
  bool end_exchange(std::uint64_t value);
  // `expected` is what was read when that was something else.
  struct Exchanged {
    bool done;
    bool is_newest;
  };
  Exchanged compare_exchange(const void* address, std::uint64_t held, std::uint64_t& expected,
                             std::uint64_t desired, std::memory_order success,
                             std::memory_order failure, bool weak, Site site);

  void lock(const void* mutex);
  bool try_lock(const void* mutex);
  void unlock(const void* mutex);
  void futex_wait(const void* address, std::uint64_t held, std::uint64_t expected);
  void futex_wake(const void* address, unsigned count);
  void pause();
  void wait_for_rest();

  void read_plain(PlainHistory& plain, Site site);
  void write_plain(PlainHistory& plain, Site site);

  [[noreturn]] void fail(Fault fault, std::string text);

 private:
  enum class State : std::uint8_t { kReady, kPaused, kLocked, kAsleep, kResting, kEnded };

  struct Thread {
    Fiber fiber;
    Knowledge knowledge;
    State state = State::kEnded;
    const void* waits_for = nullptr;  // a lock or a futex
    // Fairness among loops that wait for each other; sets of threads, one bit each.
    std::uint32_t ran_since_pause = 0;
    std::uint32_t goes_after = 0;
  };

  struct Lock {
    bool held = false;
    Knowledge handed_on;
  };

  // The second half of a read-modify-write.
  struct Exchange {
    unsigned atomic = 0;
    unsigned behind = 0;
    std::memory_order order = std::memory_order_relaxed;
    bool split = false;
    Site site;
  };

  bool search(unsigned preemptions);
  void run_once();
  static void thread_main(void* engine);
  void first_thread();
  void other_thread(unsigned thread);

  // engine_schedule.cpp
  void step();
  void block(State state, const void* waits_for);
  void change_thread(bool current_can_go_on);
  unsigned choose_thread(bool current_can_go_on);
  bool is_able(unsigned thread) const;
  void everybody_blocked();
  void wrote();
  void end_thread();

  unsigned stale(unsigned most);
  unsigned place_of_store(unsigned atomic, std::memory_order order);
  unsigned find(const void* address, std::uint64_t held);
  const Mutation* mutation_at(Site site) const;
  std::memory_order mutated(std::memory_order order, Site site);
  void note(Operation operation, unsigned atomic, std::uint64_t value, std::memory_order order,
            unsigned behind, Site site);
  void race(const char* what, Site site, unsigned with);

  Thread& mine() { return threads_[current_]; }
  Moment now() { return {current_, mine().knowledge.clock[current_]}; }
  void tick() { ++mine().knowledge.clock[current_]; }

  static Engine* running_;

  const Options options_;
  const MakeModel make_;
  const Mutation* const mutation_;
  Result result_;
  Choices choices_;
  Memory memory_;

  Fiber driver_;
  std::array<Thread, kThreadsMax> threads_;
  unsigned count_ = 1;  // of threads, the first one included
  unsigned current_ = 0;
  std::unique_ptr<Model> model_;
  std::map<const void*, Lock> locks_;
  std::array<Exchange, kThreadsMax> exchanges_;
  std::vector<Event> events_;

  // Of this run.
  bool at_random_ = false;
  unsigned preemptions_ = 0;
  unsigned preemptions_max_ = 0;
  unsigned stale_reads_ = 0;
  unsigned steps_ = 0;
  unsigned idle_turns_ = 0;  // of all that pause, since something was written
};

}  // namespace ekiden::model
