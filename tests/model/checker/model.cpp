#include "tests/model/checker/model.hpp"

#include <cstdio>

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::kRequirement:
      return "requirement";
    case Fault::kRace:
      return "race";
    case Fault::kBlocked:
      return "lost wake";
    case Fault::kEndless:
      return "endless";
  }
  return "?";
}

Result explore(const Options& options, const MakeModel& make, const Mutation* mutation) {
  return Engine(options, make, mutation).explore();
}

std::string summary_of(const std::string& name, const Options& options, const Result& result) {
  const char* how = "stopped at the limit";
  if (result.failure) {
    how = name_of(result.failure->fault);
  } else if (result.exhaustive) {
    how = result.bounds_mattered ? "all within the bounds" : "all there are";
  }
  char text[256];
  std::snprintf(text, sizeof text,
                "%-34s %9llu runs, %7llu at random, up to %3u steps; preemptions <= %u, stale "
                "reads <= %u: %s (%.1f s)",
                name.c_str(), static_cast<unsigned long long>(result.runs),
                static_cast<unsigned long long>(result.random_runs), result.longest,
                options.preemptions, options.stale_reads, how, result.seconds);
  return text;
}

void require(bool condition, const char* text, Site where) {
  if (condition) return;
  Engine* engine = Engine::running();
  if (engine == nullptr) die(text);
  engine->fail(Fault::kRequirement,
               std::string(text) + " (line " + std::to_string(where.line) + ")");
}

void pause() {
  if (Engine* engine = Engine::running()) engine->pause();
}

void wait_for_rest() {
  if (Engine* engine = Engine::running()) engine->wait_for_rest();
}

}  // namespace ekiden::model
