// What an actor waits for. Each kind ends by itself, by one wake of its own, and its destructor
// gives everything back, whenever the task is dropped.
#pragma once

#include <memory>

#include "runtime/runtime.hpp"

namespace ekiden::runtime::stress {

class Actor;

class Wait {
 public:
  virtual ~Wait() = default;
  // True: it is over. False: the actor will be woken.
  virtual bool poll(Actor& actor, PollContext& context) = 0;
};

// Null where it cannot be had just now (no room, no descriptors, draining).
std::unique_ptr<Wait> wait_for_timer(Actor& actor);
std::unique_ptr<Wait> wait_for_result(Actor& actor);
std::unique_ptr<Wait> wait_for_children(Actor& actor);
std::unique_ptr<Wait> wait_for_job(Actor& actor);
std::unique_ptr<Wait> wait_for_echo(Actor& actor);
std::unique_ptr<Wait> wait_for_favour(Actor& actor);

}  // namespace ekiden::runtime::stress
