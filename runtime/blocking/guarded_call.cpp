#include "runtime/blocking/guarded_call.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <typeinfo>

#include "runtime/task/presence.hpp"

namespace ekiden::runtime {

namespace {

void note_failure(JobOutcome& outcome, std::string_view text) noexcept {
  outcome.failed = true;
  try {
    outcome.failure = std::make_unique<std::string>(text.substr(0, kFailureTextMost));
  } catch (const std::bad_alloc&) {
    // A failure without a text is still a failure.
  }
}

// Only inside a catch block.
void note_unknown_exception(JobOutcome& outcome) noexcept {
  note_failure(outcome, "an exception that is no std::exception");
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr || outcome.failure == nullptr) return;  // not a C++ exception
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  const std::string_view name = readable ? readable.get() : type->name();
  try {
    outcome.failure->append(": ").append(name.substr(0, kFailureTextMost / 2));
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

void run_guarded(OwnerId owner, const Job& job, JobOutcome& outcome) {
  const PresenceScope presence(owner);
  try {
    outcome.result = job.run(job.argument);
  } catch (abi::__forced_unwind&) {
    note_failure(outcome, "the job ended its thread (pthread_exit or pthread_cancel)");
    throw;
  } catch (const std::exception& e) {
    note_failure(outcome, e.what());
  } catch (...) {
    note_unknown_exception(outcome);
  }
}

void drop_guarded(OwnerId owner, const Job& job) {
  if (job.drop == nullptr) return;
  const PresenceScope presence(owner);
  try {
    job.drop(job.argument);
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
  }
}

}  // namespace ekiden::runtime
