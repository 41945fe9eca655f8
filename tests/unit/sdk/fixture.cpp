#include "tests/unit/sdk/fixture.hpp"

#include <cstdlib>
#include <iostream>

namespace ekiden::test {

// A task that hangs still uses what is on this stack: there is no way to go on.
void World::die(const char* what) {
  std::cerr << "fixture: " << what << std::endl;
  std::abort();
}

}  // namespace ekiden::test
