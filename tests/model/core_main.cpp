// Goes through the models of the runtime's lock-free code as it is, and prints for each how many
// runs there were and whether those were all.
//
//   model_core [--quick] [--preemptions N] [--stale-reads N] [--random-runs N] [--seed N] [NAME]...
//
// NAME: beginnings of the names of those that are wanted; none: all. The options replace what each
// model brings along, for a longer look; --quick is for slow builds: one preemption less each. Exit
// code 1 where one fails, with the steps of the run on stderr; 64 usage.

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

struct Wanted {
  std::vector<std::string> names;
  std::vector<std::function<void(Options&)>> changes;

  bool has(const std::string& name) const {
    const auto begins = [&](const std::string& wanted) { return name.rfind(wanted, 0) == 0; };
    return names.empty() || std::any_of(names.begin(), names.end(), begins);
  }
};

// False: not understood.
bool parse(int count, char** arguments, Wanted& wanted) {
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument[0] != '-') {
      wanted.names.push_back(argument);
      continue;
    }
    if (argument == "--quick") {
      wanted.changes.push_back([](Options& options) {
        options.preemptions = std::max(options.preemptions, 2u) - 1;
        options.random_runs /= 10;
      });
      continue;
    }
    if (++i == count) return false;
    const auto value = static_cast<unsigned>(std::strtoul(arguments[i], nullptr, 10));
    if (argument == "--preemptions") {
      wanted.changes.push_back([=](Options& options) { options.preemptions = value; });
    } else if (argument == "--stale-reads") {
      wanted.changes.push_back([=](Options& options) { options.stale_reads = value; });
    } else if (argument == "--random-runs") {
      wanted.changes.push_back([=](Options& options) { options.random_runs = value; });
    } else if (argument == "--seed") {
      wanted.changes.push_back([=](Options& options) { options.seed = value; });
    } else {
      return false;
    }
  }
  return true;
}

// False: it failed.
bool explore_and_print(const Subject& subject, const Wanted& wanted, Result& result) {
  Options options = subject.options;
  for (const auto& change : wanted.changes)
    change(options);
  result = explore(options, subject.make);
  std::printf("%s\n    %s\n", summary_of(subject.name, options, result).c_str(),
              subject.checks.c_str());
  std::fflush(stdout);
  if (!result.failure) return true;
  std::fprintf(stderr, "%s: %s\n%s", subject.name.c_str(), result.failure->text.c_str(),
               result.failure->trace.c_str());
  return false;
}

}  // namespace

int run(int count, char** arguments) {
  Wanted wanted;
  if (!parse(count, arguments, wanted)) {
    std::fprintf(
        stderr,
        "usage: model_core [--quick] [--preemptions N] [--stale-reads N] [--random-runs N] "
        "[--seed N] [NAME]...\n");
    return 64;
  }
  std::uint64_t runs = 0;
  double seconds = 0;
  unsigned failed = 0;
  for (const Subject& subject : all_subjects()) {
    if (!wanted.has(subject.name)) continue;
    Result result;
    if (!explore_and_print(subject, wanted, result)) ++failed;
    runs += result.runs + result.random_runs;
    seconds += result.seconds;
  }
  std::printf("%llu runs in %.1f s, %u models failed\n", static_cast<unsigned long long>(runs),
              seconds, failed);
  // Nothing was looked at: a name that no model has.
  return failed == 0 && runs != 0 ? 0 : 1;
}

}  // namespace ekiden::model

int main(int count, char** arguments) {
  // Big tables come and go with every run: they need not go back to the system.
  mallopt(M_MMAP_THRESHOLD, 1 << 28);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  return ekiden::model::run(count, arguments);
}
