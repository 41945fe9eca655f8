// The choices of one run (who runs next, which store a load reads), and the way from one run to the
// next: depth first through all of them, or at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ekiden::model {

class Choices {
 public:
  // Depth first from the beginning.
  void begin_search();
  // At random from now on; the same seed makes the same choices.
  void begin_random(std::uint64_t seed);

  // Before each run.
  void rewind() { position_ = 0; }
  // 0 to count - 1; the first way through takes 0 everywhere. `odds`: at random, anything else than
  // 0 is taken once in so many times.
  unsigned choose(unsigned count, unsigned odds);
  // After each run. False: every way has been gone.
  bool next();

 private:
  struct Choice {
    std::uint16_t taken;
    std::uint16_t count;
  };

  std::uint64_t random(std::uint64_t below);

  std::vector<Choice> path_;
  std::size_t position_ = 0;
  std::uint64_t random_ = 0;  // 0: depth first
};

}  // namespace ekiden::model
