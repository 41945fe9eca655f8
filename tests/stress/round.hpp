// One round: a world with tenants and outsiders that lives for a while and ends in one of two ways.
// Every round ends with the leak check.
#pragma once

#include <chrono>
#include <string>

#include "tests/stress/world.hpp"

namespace ekiden::runtime::stress {

struct RoundPlan {
  unsigned workers = 1;
  std::chrono::milliseconds lasts{100};
  unsigned tenants = 2;
  unsigned outsiders = 2;
  bool churn = false;  // one tenant after the other is unloaded and followed by a new one
  // Nothing new begins, and all that has begun comes to its own end, which shows every lost wake.
  // Otherwise it is shut down in the middle of everything.
  bool wind_down = false;
};

// Empty, or a sentence about what went wrong.
std::string run_round(const RoundPlan& plan, std::uint64_t seed);

}  // namespace ekiden::runtime::stress
