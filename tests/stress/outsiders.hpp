// Threads that are no workers: they do favours, spawn, wake and abort at random, and look at
// everything.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/stress/world.hpp"

namespace ekiden::runtime::stress {

class Outsiders {
 public:
  Outsiders(World& world, unsigned count);
  ~Outsiders() { stop(); }

  // Does the favours that are left, and ends the threads. Tasks that wait for a favour wait for
  // these threads, so the round winds down first.
  void stop();

 private:
  struct Hold {
    std::shared_ptr<Tenant> tenant;
    Handle task;
  };

  void live(unsigned number);
  void do_favours(Random& random);
  void do_something(Random& random, std::vector<Hold>& holds);
  void end_holds(std::vector<Hold>& holds, std::size_t keep);
  void look(Random& random);

  World& world_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace ekiden::runtime::stress
