// How children are spawned in these tests.
#pragma once

#include "runtime/scheduler/spawn_options.hpp"

namespace ekiden::runtime::test {

inline SpawnOptions as_child(SpawnHint hint = SpawnHint::kDefault) {
  SpawnOptions options;
  options.child = true;
  options.hint = hint;
  return options;
}

}  // namespace ekiden::runtime::test
