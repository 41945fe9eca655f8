// Goes through all models of the runtime's lock-free code as it is, and prints for each how many
// runs there were and whether those were all. Arguments: beginnings of the names of those that are
// wanted; none: all. Exit code 1 where one fails, with the steps of the run on stderr.

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "tests/model/models/subject.hpp"

int main(int count, char** arguments) {
  using namespace ekiden::model;
  // Big tables come and go with every run: they need not go back to the system.
  mallopt(M_MMAP_THRESHOLD, 1 << 28);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  std::uint64_t runs = 0;
  double seconds = 0;
  unsigned failed = 0;
  for (const Subject& subject : all_subjects()) {
    const auto wanted = [&](const char* name) {
      return std::string_view(subject.name).starts_with(name);
    };
    if (count > 1 && std::none_of(arguments + 1, arguments + count, wanted)) continue;
    const Result result = explore(subject.options, subject.make);
    std::printf("%s\n    %s\n", summary_of(subject.name, subject.options, result).c_str(),
                subject.checks.c_str());
    std::fflush(stdout);
    runs += result.runs + result.random_runs;
    seconds += result.seconds;
    if (!result.failure) continue;
    ++failed;
    std::fprintf(stderr, "%s: %s\n%s", subject.name.c_str(), result.failure->text.c_str(),
                 result.failure->trace.c_str());
  }
  std::printf("%llu runs in %.1f s, %u models failed\n", static_cast<unsigned long long>(runs),
              seconds, failed);
  return failed == 0 ? 0 : 1;
}
