// Changes of one operation of the runtime's code, made by the checking Atomic while a model runs:
// the code under check is the very one of the product. Each has to be noticed by the model that is
// named for it. Changes of other kinds are made in copies of the sources: see patches.cmake.
#pragma once

#include <vector>

#include "tests/model/checker/model.hpp"

namespace ekiden::model {

struct Mutant {
  const char* file;
  // Stands in exactly one line of the file: what is changed begins there.
  const char* text;
  Mutation::Change change;
  const char* subject;  // the model that notices
};

const std::vector<Mutant>& all_mutants();

}  // namespace ekiden::model
