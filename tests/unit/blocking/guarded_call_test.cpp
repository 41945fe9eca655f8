#include "runtime/blocking/guarded_call.hpp"

#include <pthread.h>

#include <cxxabi.h>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

#include "runtime/base/atomic.hpp"
#include "runtime/task/presence.hpp"

using namespace ekiden::runtime;

namespace {

constexpr OwnerId kOwner = 5;

JobOutcome run(std::int32_t (*function)(void*)) {
  JobOutcome outcome;
  run_guarded(kOwner, Job{function, nullptr, nullptr}, outcome);
  return outcome;
}

// Says in its destructor whether the owner was still present.
struct Witness {
  explicit Witness(bool* to) : seen(to) {}
  Witness(const Witness& other) = default;
  ~Witness() { *seen = presence::anyone_in(kOwner); }
  bool* seen;
};

}  // namespace

TEST_CASE("a job runs in its owner's presence and its result comes back") {
  const JobOutcome outcome =
      run([](void*) -> std::int32_t { return presence::anyone_in(kOwner) ? 7 : -1; });
  CHECK_FALSE(outcome.failed);
  CHECK(outcome.result == 7);
  CHECK_FALSE(presence::anyone_in(kOwner));
}

TEST_CASE("what leaves a job becomes a failure with a text") {
  struct Row {
    std::int32_t (*function)(void*);
    const char* text;
  };
  const Row rows[] = {
      {[](void*) -> std::int32_t { throw std::runtime_error("no such host"); }, "no such host"},
      {[](void*) -> std::int32_t { throw std::bad_alloc(); }, "std::bad_alloc"},
      {[](void*) -> std::int32_t { throw 17; }, "an exception that is no std::exception: int"},
      {[](void*) -> std::int32_t { throw "text"; },
       "an exception that is no std::exception: char const*"},
  };
  for (const Row& row : rows) {
    const JobOutcome outcome = run(row.function);
    CHECK(outcome.failed);
    REQUIRE(outcome.failure != nullptr);
    CHECK(*outcome.failure == row.text);
    CHECK_FALSE(presence::anyone_in(kOwner));
  }
}

TEST_CASE("the text of a failure is bounded") {
  const JobOutcome outcome = run([](void*) -> std::int32_t {
    throw std::runtime_error(std::string(100 * kFailureTextMost, 'x'));
  });
  REQUIRE(outcome.failure != nullptr);
  CHECK(outcome.failure->size() == kFailureTextMost);
}

TEST_CASE("the exception object is gone before the owner's presence ends") {
  bool present = false;
  JobOutcome outcome;
  const auto function = [](void* argument) -> std::int32_t {
    throw Witness(static_cast<bool*>(argument));
  };
  run_guarded(kOwner, Job{function, nullptr, &present}, outcome);
  CHECK(outcome.failed);
  CHECK(present);
}

TEST_CASE("a drop runs in its owner's presence, and what it throws goes nowhere") {
  static bool present = false;
  drop_guarded(kOwner, Job{nullptr, [](void*) { present = presence::anyone_in(kOwner); }, nullptr});
  CHECK(present);
  CHECK_NOTHROW(drop_guarded(kOwner, Job{nullptr, [](void*) { throw 1; }, nullptr}));
  CHECK_NOTHROW(drop_guarded(kOwner, Job{}));
  CHECK_FALSE(presence::anyone_in(kOwner));
}

TEST_CASE("a forced unwind goes on through a job and a drop") {
  bool job_unwound = false;
  bool drop_unwound = false;
  JobOutcome outcome;
  std::thread([&] {
    try {
      const auto leave = [](void*) -> std::int32_t { pthread_exit(nullptr); };
      run_guarded(kOwner, Job{leave, nullptr, nullptr}, outcome);
    } catch (abi::__forced_unwind&) {
      job_unwound = true;
      throw;
    }
  }).join();
  std::thread([&] {
    try {
      drop_guarded(kOwner, Job{nullptr, [](void*) { pthread_exit(nullptr); }, nullptr});
    } catch (abi::__forced_unwind&) {
      drop_unwound = true;
      throw;
    }
  }).join();
  CHECK(job_unwound);
  CHECK(drop_unwound);
  CHECK(outcome.failed);
  CHECK_FALSE(presence::anyone_in(kOwner));
}
