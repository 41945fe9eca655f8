// One model over patched sources: prints in one line what it has noticed, or "not noticed".
// Argument: the model's name. EKIDEN_MODEL_ADD: the function that lists it.

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

std::string verdict_of(const std::string& name) {
  Subjects subjects;
  EKIDEN_MODEL_ADD(subjects);
  for (const Subject& subject : subjects) {
    if (subject.name != name) continue;
    const Result result = explore(subject.options, subject.make);
    if (!result.failure) return "not noticed";
    return std::string(name_of(result.failure->fault)) + " after " + std::to_string(result.runs) +
           " runs: " + result.failure->text;
  }
  return "not tried: there is no such model";
}

}  // namespace

}  // namespace ekiden::model

int main(int count, char** arguments) {
  mallopt(M_MMAP_THRESHOLD, 1 << 28);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  std::puts(ekiden::model::verdict_of(count > 1 ? arguments[1] : "").c_str());
  std::fflush(stdout);
  // What a failed run was in the middle of is not taken down.
  _exit(0);
}
