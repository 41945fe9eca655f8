#include "tests/model/checker/choices.hpp"

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

void Choices::begin_search() {
  path_.clear();
  position_ = 0;
  random_ = 0;
}

void Choices::begin_random(std::uint64_t seed) {
  path_.clear();
  position_ = 0;
  random_ = seed * 2 + 1;
}

unsigned Choices::choose(unsigned count, unsigned odds) {
  if (random_ != 0) {
    if (random(odds) != 0) return 0;
    return static_cast<unsigned>(random(count));
  }
  if (position_ == path_.size()) path_.push_back({0, static_cast<std::uint16_t>(count)});
  const Choice choice = path_[position_++];
  // A model that looks at addresses, at the time or at what an earlier run left behind.
  if (choice.count != count) die("the model did not do the same again with the same choices");
  return choice.taken;
}

bool Choices::next() {
  if (random_ != 0) return true;
  while (!path_.empty() && path_.back().taken + 1 == path_.back().count)
    path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().taken;
  return true;
}

std::uint64_t Choices::random(std::uint64_t below) {
  // xorshift64 (Marsaglia 2003).
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return (random_ >> 16) % below;
}

}  // namespace ekiden::model
