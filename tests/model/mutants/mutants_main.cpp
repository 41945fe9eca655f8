// Shows for every mutant which model notices it, and how.
//
//   model_mutants ROOT [PROGRAM MODEL TEXT]...
//
// ROOT: the source tree, where the lines of the mutants are looked up. Each PROGRAM has a model
// over a patched copy of the sources (patches.cmake) and is run with the name of the MODEL; TEXT
// says what the patch is. Exit code 1 where a mutant is not noticed, or is no change of anything.

#include <malloc.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "tests/model/checker/in_child.hpp"
#include "tests/model/models/subject.hpp"
#include "tests/model/mutants/mutants.hpp"

namespace ekiden::model {

namespace {

const char* name_of(Mutation::Change change) {
  switch (change) {
    case Mutation::Change::kRelaxed:
      return "relaxed";
    case Mutation::Change::kAcqRel:
      return "no seq_cst";
    case Mutation::Change::kSplit:
      return "in two steps";
    case Mutation::Change::kSkip:
      return "left out";
  }
  return "?";
}

// 0: the text is nowhere, or not in one line only.
int line_of(const std::string& path, const std::string& text) {
  std::ifstream file(path);
  std::string line;
  int found = 0;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find(text) == std::string::npos) continue;
    if (found != 0) return 0;
    found = number;
  }
  return found;
}

const Subject* find(const Subjects& subjects, const std::string& name) {
  for (const Subject& subject : subjects) {
    if (subject.name == name) return &subject;
  }
  return nullptr;
}

bool is_noticed(const std::string& verdict) { return verdict.rfind("not ", 0) != 0; }

// "requirement, after 12 runs: ..." or "not ...".
std::string try_mutant(const std::string& root, const Mutant& mutant, const Subject* subject) {
  if (subject == nullptr) return "not tried: there is no such model";
  Mutation mutation;
  mutation.file = mutant.file;
  mutation.change = mutant.change;
  mutation.line = line_of(root + "/" + mutant.file, mutant.text);
  if (mutation.line == 0) return "not applied: the text is not in exactly one line of the file";
  return in_child([&] {
    const Result result = explore(subject->options, subject->make, &mutation);
    if (result.mutated == 0) return std::string("not applied: the model does not come there");
    if (!result.failure) return std::string("not noticed");
    return std::string(name_of(result.failure->fault)) + " after " + std::to_string(result.runs) +
           " runs: " + result.failure->text;
  });
}

std::string try_program(const std::string& program, const std::string& subject) {
  std::FILE* output = popen((program + " " + subject).c_str(), "r");
  if (output == nullptr) return "not run: " + program;
  char line[512];
  std::string verdict = std::fgets(line, sizeof line, output) != nullptr ? line : "";
  const int status = pclose(output);
  if (verdict.empty() && WEXITSTATUS(status) == 127) return "not run: " + program;
  if (verdict.empty()) return "crash, status " + std::to_string(WEXITSTATUS(status));
  verdict.pop_back();
  return verdict;
}

}  // namespace

int run(int count, char** arguments) {
  if (count < 2 || count % 3 != 2) {
    std::fprintf(stderr, "usage: model_mutants ROOT [PROGRAM MODEL TEXT]...\n");
    return 64;
  }
  mallopt(M_MMAP_THRESHOLD, 1 << 28);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  const Subjects subjects = all_subjects();
  unsigned mutants = 0;
  unsigned unnoticed = 0;
  const auto row = [&](const std::string& what, const char* subject, const std::string& verdict) {
    ++mutants;
    if (!is_noticed(verdict)) ++unnoticed;
    std::printf("%-18s %s\n%-18s   -> %s\n", subject, what.c_str(), "", verdict.c_str());
    std::fflush(stdout);
  };
  for (const Mutant& mutant : all_mutants()) {
    const std::string what =
        std::string(mutant.file) + ": " + name_of(mutant.change) + ": " + mutant.text;
    row(what, mutant.subject, try_mutant(arguments[1], mutant, find(subjects, mutant.subject)));
  }
  for (int i = 2; i + 2 < count; i += 3)
    row(arguments[i + 2], arguments[i + 1], try_program(arguments[i], arguments[i + 1]));
  std::printf("%u mutants, %u not noticed\n", mutants, unnoticed);
  return unnoticed == 0 ? 0 : 1;
}

}  // namespace ekiden::model

int main(int count, char** arguments) { return ekiden::model::run(count, arguments); }
